"""A catalogue from its file, as Dagster's components have it: from the text to a `Catalogue`.

The command line and the code location read a file here, so that both have the same catalogue.
Where files are is in `finding`; what scalars mean in `scalars`; which attributes there are in
`model`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from catalog_pipeline.catalogue.beside import mistake_of_type
from catalog_pipeline.catalogue.bounds import checked_base_url
from catalog_pipeline.catalogue.checked import checked_catalogue
from catalog_pipeline.catalogue.examined import examine
from catalog_pipeline.catalogue.finding import FILE_NAMES, find_catalogues, is_catalogue
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.mistakes import located, unknown_key
from catalog_pipeline.catalogue.model import Catalogue, CatalogueAttributes
from catalog_pipeline.catalogue.spelling import nearest
from catalog_pipeline.catalogue.templates import Renderer
from catalog_pipeline.catalogue.written import Document, read_documents, text_of
from catalog_pipeline.errors import CatalogueError, UsageError

COMPONENT_KEYS = ("type", "attributes", "template_vars_module", "requirements", "post_processing")
"""What a component's file may hold, beside which Dagster takes no other key."""


def load_catalogue(name: str, environ: Mapping[str, str] = os.environ) -> Catalogue:
    """The catalogue of that name, with the base URL that the environment may override.

    Raises:
        UsageError: there is no such catalogue.
        CatalogueError: its YAML has a mistake.
    """
    catalogue = read_catalogue(file_of_name(name, environ), environ)
    return with_base_url(catalogue, base_url_override(name, environ))


def file_of(named: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The file that a name or a path means: a path has a slash, or ends as YAML files do.

    Raises:
        UsageError: there is no such catalogue, or no such file.
    """
    if os.sep not in named and named != "." and Path(named).suffix not in (".yaml", ".yml"):
        return file_of_name(named, environ)
    path = Path(named).absolute()
    if path.is_dir():
        path = next((path / name for name in FILE_NAMES if (path / name).exists()), path)
    if not path.is_file():
        raise UsageError(f"There is no catalogue's file at {named!r}.")
    return Path(os.path.normpath(path))


def catalogue_at(named: str, environ: Mapping[str, str] = os.environ) -> Catalogue:
    """The catalogue that a name or a path means, as `load_catalogue` gives it.

    Raises:
        UsageError: there is no such catalogue, or no such file.
        CatalogueError: its YAML has a mistake.
    """
    catalogue = read_catalogue(file_of(named, environ), environ)
    return with_base_url(catalogue, base_url_override(catalogue.name, environ))


def file_of_name(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The file of the catalogue of that name.

    Raises:
        UsageError: there is no such catalogue.
    """
    found = find_catalogues(environ)
    if name in found.doubled:
        raise found.doubled[name]
    if name not in found.files:
        near = nearest(name, [*found.files, *found.doubled])
        hint = f"; did you mean {near}?" if near else "."
        known = f"There is no catalogue {name!r}{hint} Known: {', '.join(found.files) or 'none'}."
        raise UsageError(" ".join([known, *found.ignored]))
    return found.files[name]


def read_catalogue(
    path: Path, environ: Mapping[str, str] = os.environ, elsewhere: Renderer | None = None
) -> Catalogue:
    """The catalogue that one YAML file describes; its folder's name is its name.

    `elsewhere` fills in what templates name besides the environment, where somebody can.

    Raises:
        CatalogueError: the file has mistakes; all of them are named.
    """
    examined = examine(read_component(path), path, environ, elsewhere)
    if examined.catalogue is None or examined.mistakes:
        raise CatalogueError.of(path.parent.name, examined.mistakes)
    return examined.catalogue


def read_component(path: Path) -> Document:
    """The document of a file that is a catalogue, with its `attributes` and its mistakes so far.

    Raises:
        CatalogueError: it cannot be read, or has no attributes.
    """
    name = path.parent.name
    try:
        documents = read_documents(text_of(path))
    except (OSError, UnicodeError, yaml.YAMLError, RecursionError) as error:
        problem = f"not readable as YAML: {error}"
        if "while parsing a flow" in problem:
            problem += "\n  within {} and [] a text that holds one of these stands in quotes"
        raise CatalogueError.of(name, [Mistake("", problem, path=path)]) from error
    document = _the_catalogue(name, documents, path)
    mistakes = [*document.mistakes, *_mistakes_beside_attributes(document)]
    mistakes = [replace(each, path=path) for each in mistakes]
    if not isinstance(document.value, dict) or not isinstance(
        document.value.get("attributes"), dict
    ):
        none = Mistake("", "it has no attributes", "type and attributes", path)
        raise CatalogueError.of(name, [*mistakes, none])
    return replace(document, mistakes=tuple(mistakes))


@contextmanager
def crawlable(path: Path) -> Iterator[None]:
    """Refuse a file of another component, and name file and line of what is found in here.

    Raises:
        CatalogueError: Dagster would not take the file, or what is done in here finds a mistake.
    """
    document = read_component(path)
    if mistake := mistake_of_type(document.value):
        place = replace(mistake, path=path, line=document.line_of(("type",)))
        raise CatalogueError.of(path.parent.name, [place])
    try:
        yield
    except CatalogueError as error:
        placed = [
            mistake if mistake.path else located(mistake, path, document)
            for mistake in error.mistakes
        ]
        raise CatalogueError.of(error.catalogue, placed) from error


def catalogue_from_attributes(name: str, attributes: Mapping[str, Any]) -> Catalogue:
    """Check the attributes of a YAML.

    Raises:
        CatalogueError: there are mistakes; all of them are named.
    """
    checked = checked_catalogue(name, attributes)
    if checked.catalogue is None or checked.mistakes:
        raise CatalogueError.of(name, checked.mistakes)
    return checked.catalogue


def base_url_variable(name: str) -> str:
    """Environment variable that overrides a catalogue's base URL."""
    return f"CATALOG_PIPELINE_{name.upper()}_BASE_URL"


def base_url_override(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The base URL that the environment gives a catalogue instead of its own, if any."""
    return environ.get(base_url_variable(name)) or None


def with_base_url(catalogue: Catalogue, base_url: str | None) -> Catalogue:
    """The catalogue at another address, for instance a mirror; the practice shop stays off."""
    if base_url is None:
        return catalogue
    try:
        sound = checked_base_url(base_url)
    except ValueError as error:
        raise UsageError(f"Base URL of {catalogue.name}: {error}.") from error
    mirrors = catalogue.mirrors
    if sound.rstrip("/") in {mirror.rstrip("/") for mirror in mirrors}:
        mirrors = (*mirrors, catalogue.base_url)
    return catalogue.model_copy(
        update={"base_url": sound, "mirrors": mirrors, "practice_shop": None}
    )


def _the_catalogue(name: str, documents: Sequence[Document], path: Path) -> Document:
    ours = [document for document in documents if is_catalogue(document)]
    if len(ours) > 1:
        lines = " and ".join(str(document.line_of(())) for document in ours)
        problem = f"two catalogues in one file, in lines {lines}; each needs a folder of its own"
        raise CatalogueError.of(name, [Mistake("", problem, path=path)])
    if not ours and len(documents) == 1:
        return documents[0]
    if not ours:
        raise CatalogueError(name, str(path), "it has no attributes", "type and attributes")
    return ours[0]


def _mistakes_beside_attributes(document: Document) -> list[Mistake]:
    mistakes = []
    for key in document.value if isinstance(document.value, dict) else ():
        if key not in COMPONENT_KEYS:
            problem = unknown_key(key, COMPONENT_KEYS)
            if key in CatalogueAttributes.model_fields:
                problem = "it stands beside attributes; indent it, so that it is one of them"
            line = document.line_of((key,))
            mistakes.append(Mistake(key, problem, ", ".join(COMPONENT_KEYS), line=line))
    return mistakes
