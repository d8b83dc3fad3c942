"""Where catalogues' YAML files are, and how one is read into a `Catalogue`.

No Dagster: the command line lists catalogues and reports mistakes before Dagster is imported.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from catalog_pipeline.catalogue.bounds import checked_base_url
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError, UsageError

BUNDLED_FOLDER = Path(__file__).parents[1] / "defs"
EXTRA_FOLDER_VARIABLE = "CATALOG_PIPELINE_DEFS"
"""Environment variable that names one more folder of catalogues."""
FILE_NAME = "defs.yaml"


def catalogue_folders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """The folders that hold catalogues, one folder per catalogue below each."""
    extra = environ.get(EXTRA_FOLDER_VARIABLE)
    return [BUNDLED_FOLDER, *([Path(extra)] if extra else [])]


def catalogue_files(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Catalogue names and their YAML files, sorted by name.

    Raises:
        CatalogueError: two folders hold a catalogue of the same name.
    """
    files: dict[str, Path] = {}
    for folder in catalogue_folders(environ):
        for path in sorted(folder.glob(f"*/{FILE_NAME}")):
            name = path.parent.name
            if name in files:
                raise CatalogueError(name, "name", f"both {files[name]} and {path} describe it")
            files[name] = path
    return dict(sorted(files.items()))


def load_catalogue(name: str, environ: Mapping[str, str] = os.environ) -> Catalogue:
    """The catalogue of that name, with the base URL that the environment may override.

    Raises:
        UsageError: there is no such catalogue.
        CatalogueError: its YAML has a mistake.
    """
    files = catalogue_files(environ)
    if name not in files:
        raise UsageError(f"There is no catalogue {name!r}. Known: {', '.join(files)}.")
    return with_base_url(read_catalogue(files[name]), base_url_override(name, environ))


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue that one YAML file describes; its folder's name is its name."""
    name = path.parent.name
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
    except (OSError, UnicodeError, yaml.YAMLError, RecursionError) as error:
        raise CatalogueError(name, str(path), f"not readable as YAML: {error}") from error
    attributes = document.get("attributes") if isinstance(document, dict) else None
    if not isinstance(attributes, dict):
        raise CatalogueError(name, str(path), "it has no attributes", "type and attributes")
    return catalogue_from_attributes(name, attributes, path=path, text=text)


def catalogue_from_attributes(
    name: str, attributes: Mapping[str, Any], *, path: Path | None = None, text: str = ""
) -> Catalogue:
    """Check the attributes of a YAML; the first mistake is raised with its place."""
    if "name" in attributes:
        raise CatalogueError(name, "name", "the folder's name is the catalogue's; leave it out")
    try:
        return Catalogue.model_validate({**attributes, "name": name})
    except ValidationError as error:
        raise _first_mistake(name, error, path, text) from error


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
        checked = checked_base_url(base_url)
    except ValueError as error:
        raise UsageError(f"Base URL of {catalogue.name}: {error}.") from error
    return catalogue.model_copy(update={"base_url": checked, "practice_shop": None})


def _first_mistake(
    name: str, error: ValidationError, path: Path | None, text: str
) -> CatalogueError:
    mistake = error.errors()[0]
    location = [str(part) for part in mistake["loc"]]
    message = mistake["msg"].removeprefix("Value error, ")
    allowed = _allowed(mistake["type"], location)
    field = ".".join(location) or "attributes"
    if path is not None:
        field += f" ({path}, line {_line_of(text, ['attributes', *location])})"
    return CatalogueError(name, field, message[:1].lower() + message[1:], allowed)


def _allowed(kind: str, location: list[str]) -> str:
    """The keys that are known where an unknown one stands."""
    if kind != "extra_forbidden":
        return ""
    model: Any = Catalogue
    for part in location[:-1]:
        known = getattr(model, "model_fields", {})
        if part in known:
            model = _model_of(known[part].annotation)
    known = getattr(model, "model_fields", {})
    return ", ".join(key for key in known if key != "name")


def _model_of(annotation: Any) -> Any:
    """The pydantic model within an annotation such as `dict[str, Field]` or `X | None`."""
    if hasattr(annotation, "model_fields"):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_of(inner)
        if found is not None:
            return found
    return None


def _line_of(text: str, location: list[str]) -> int:
    """Line of the deepest key of `location` that the text has, counted from 1."""
    node = yaml.compose(text)
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            entry = next(((k, v) for k, v in node.value if k.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and part.isdigit():
            items = node.value
            entry = (items[int(part)], items[int(part)]) if int(part) < len(items) else None
        else:
            entry = None
        if entry is None:
            break
        key, node = entry
        line = key.start_mark.line + 1
    return line
