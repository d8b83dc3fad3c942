"""What the keys of a catalogue's assets begin with, as far as a YAML with mistakes tells it.

So that a catalogue that cannot be used stays where its history is. All other keys of a YAML count
only if the whole of it can be used (`files`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog_pipeline.catalogue.bounds import NAME_PATTERN
from catalog_pipeline.catalogue.fields import as_tuple
from catalog_pipeline.catalogue.files import read_component
from catalog_pipeline.catalogue.templates import render
from catalog_pipeline.errors import CatalogueError


def key_prefix_in(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The `key_prefix` of a catalogue that may have mistakes; empty if it is one of them."""
    written = {"key_prefix": attributes.get("key_prefix") or ()}
    given = as_tuple(render(written).attributes["key_prefix"])
    if not isinstance(given, list | tuple):
        return ()
    is_prefix = all(isinstance(each, str) and NAME_PATTERN.fullmatch(each) for each in given)
    return tuple(given) if is_prefix else ()


def key_prefix_of(path: Path) -> tuple[str, ...]:
    """The same of a file; empty if the file cannot be read so far."""
    try:
        return key_prefix_in(read_component(path).value["attributes"])
    except CatalogueError:
        return ()
