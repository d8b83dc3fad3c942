"""Where catalogues' YAML files are, the names they go by, and which files are passed over.

No Dagster: the command line lists catalogues before Dagster is imported. What a file says is read
in `files`; which project a command stands in, in `project`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from catalog_pipeline.catalogue.project import (
    BUNDLED_VARIABLE,
    PROJECT_VARIABLE,
    named_project,
)
from catalog_pipeline.catalogue.written import Document, read_documents, text_of
from catalog_pipeline.errors import CatalogueError, UsageError

PACKAGE = "catalog_pipeline"
BUNDLED_FOLDER = Path(__file__).parents[1] / "defs"
EXTRA_FOLDER_VARIABLE = "CATALOG_PIPELINE_DEFS"
"""Environment variable that names one more folder of catalogues."""
FILE_NAME = "defs.yaml"
FILE_NAMES = (FILE_NAME, "defs.yml", "component.yaml")
"""The files that Dagster reads, of which it takes the first that a folder has."""
_VARIABLES = (EXTRA_FOLDER_VARIABLE, "CATALOG_PIPELINE_DATA", PROJECT_VARIABLE, BUNDLED_VARIABLE)
_TYPE_LINE = re.compile(rf"""^type:[ ]*["']?{PACKAGE}\.""", re.MULTILINE)
_NAMES_FOLDER = re.compile(r"type:[ ]*.*DefsFolderComponent")


@dataclass(frozen=True)
class Found:
    """The catalogues' files by name, and a sentence on each that looks like one and is none."""

    files: dict[str, Path]
    ignored: tuple[str, ...]
    doubled: dict[str, CatalogueError] = field(default_factory=dict)
    """Names that several files go by; none of these files is taken."""


def catalogue_folders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """The folders that hold catalogues: the project's or the bundled ones, and one's own.

    Raises:
        UsageError: one's own folder is not there.
    """
    project = named_project(environ)
    folders = [project.defs] if project else []
    if project is None or environ.get(BUNDLED_VARIABLE):
        folders.append(BUNDLED_FOLDER)
    if extra := environ.get(EXTRA_FOLDER_VARIABLE):
        if not Path(extra).is_dir():
            raise UsageError(f"{EXTRA_FOLDER_VARIABLE} is {extra!r}, and no folder is there.")
        folders.append(Path(extra))
    return folders


def catalogue_files(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Catalogue names and their YAML files, sorted by name.

    Raises:
        CatalogueError: two files describe a catalogue of the same name.
        UsageError: one's own folder is not there.
    """
    found = find_catalogues(environ)
    for error in found.doubled.values():
        raise error
    return found.files


def find_catalogues(environ: Mapping[str, str] = os.environ) -> Found:
    """All catalogues, at any depth of their folders, and what was passed over.

    Raises:
        UsageError: one's own folder is not there.
    """
    files: dict[str, Path] = {}
    doubled: dict[str, CatalogueError] = {}
    ignored = [_misspelt(name) for name in environ if _is_misspelt(name)]
    project = named_project(environ)
    for folder in catalogue_folders(environ):
        is_projects = project is not None and folder == project.defs
        for path, reason in _candidates(folder, has_only_catalogues=not is_projects):
            if reason:
                ignored.append(f"{path} describes a catalogue and is ignored: {reason}.")
                continue
            name = path.parent.name
            if name in files and not path.samefile(files[name]):
                problem = f"both {files[name]} and {path} describe it"
                doubled.setdefault(name, CatalogueError(name, "name", problem))
            files.setdefault(name, path)
    alone = {name: path for name, path in sorted(files.items()) if name not in doubled}
    return Found(alone, tuple(ignored), doubled)


def has_catalogue(path: Path) -> bool:
    """Whether a file of components describes a catalogue; one that cannot be read may."""
    try:
        text = text_of(path, errors="replace")
    except OSError:
        return path.is_symlink() or path.name == FILE_NAME
    if PACKAGE not in text or _TYPE_LINE.search(text):
        return PACKAGE in text
    try:
        return any(is_catalogue(document) for document in read_documents(text))
    except (yaml.YAMLError, RecursionError):
        return True


def is_catalogue(document: Document) -> bool:
    """Whether a document of a components' file is a catalogue, by its type."""
    kind = document.value.get("type") if isinstance(document.value, dict) else None
    return isinstance(kind, str) and kind.split(".")[0] == PACKAGE


def _candidates(folder: Path, has_only_catalogues: bool) -> Iterator[tuple[Path, str]]:
    """Files below a folder that describe a catalogue, with the reason why one is passed over.

    In a folder of catalogues alone a file one level down is one, whatever its type.
    """
    taken: dict[Path, Path] = {}
    for place in _folders(folder):
        above = next((taken[each] for each in place.parents if each in taken), None)
        named = [place / name for name in FILE_NAMES if os.path.lexists(place / name)]
        for path in named:
            is_ours = has_catalogue(path) or (has_only_catalogues and place.parent == folder)
            if above is not None:
                reason = f"it is below {above}, and Dagster reads none below a component's file"
            elif path is not named[0]:
                reason = f"{named[0].name} is beside it"
            else:
                reason = ""
                if not _is_folder_component(path):
                    taken[place] = path
            if is_ours:
                yield path, reason
        for path in sorted(place.glob("*.y*ml")):
            if path.name not in FILE_NAMES and has_catalogue(path):
                yield path, f"it must be named {FILE_NAME}, in a folder with the catalogue's name"


def _folders(top: Path) -> Iterator[Path]:
    """A folder and those below it, above before below; what Dagster skips is skipped.

    A link is followed, as Dagster follows it, unless it leads to a folder above itself.
    """
    for folder, inner, _ in os.walk(top, followlinks=True):
        place = Path(folder)
        above = place.relative_to(top).parents
        real = os.path.realpath(place)
        if any(os.path.realpath(top / each) == real for each in above):
            inner.clear()
            continue
        inner[:] = sorted(name for name in inner if name[0] != "." and name != "__pycache__")
        yield place


def _is_folder_component(path: Path) -> bool:
    try:
        return bool(_NAMES_FOLDER.search(text_of(path, errors="replace")))
    except OSError:
        return False


def _is_misspelt(name: str) -> bool:
    is_near = name not in _VARIABLES and difflib.get_close_matches(name, _VARIABLES, cutoff=0.93)
    return name.startswith("CATALOG") and bool(is_near)


def _misspelt(name: str) -> str:
    (meant,) = difflib.get_close_matches(name, _VARIABLES, n=1, cutoff=0.93)
    return f"The environment variable {name} is ignored; did you mean {meant}?"
