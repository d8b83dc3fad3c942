"""What stands beside the attributes in a component's file: what it requires, how it is changed.

Dagster does what these keys say where it loads the file. Here is what the command has to see of
them, which reads the file without Dagster: what is missing, misspelt, or would make the command and
the code location speak of different things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.mistakes import unknown_key
from catalog_pipeline.catalogue.nothing import Nothing
from catalog_pipeline.catalogue.schema import OLDER_TYPE_NAMES, TYPE_NAME

_ITEM_KEYS = ("target", "operation", "attributes")
_CHANGES = (
    "deps",
    "description",
    "metadata",
    "group_name",
    "owners",
    "tags",
    "kinds",
    "automation_condition",
    "freshness_policy",
)
"""What may be changed of an asset afterwards; it is shown in the web UI and nowhere else."""
_FIXED = {
    "partitions_def": "the partitions are the catalogue's pages",
    "code_version": "it says how the stored pages were parsed",
    "skippable": "the crawl records its pages by itself",
    "key": "the command knows the assets by their keys",
    "key_prefix": "the command knows the assets by their keys; attributes.key_prefix sets it",
}


def mistakes_beside(document: Mapping[str, Any], environ: Mapping[str, str]) -> list[Mistake]:
    """The mistakes in `type`, `requirements` and `post_processing`."""
    given = {key: None if isinstance(value, Nothing) else value for key, value in document.items()}
    return [
        *_of_type(given.get("type")),
        *_of_requirements(given.get("requirements"), environ),
        *_of_post_processing(given.get("post_processing")),
    ]


def mistake_of_type(document: Mapping[str, Any]) -> Mistake | None:
    """What is wrong with the component's type, without which Dagster would not load the file."""
    name = document.get("type")
    if name is None or (isinstance(name, Nothing) and not name):
        return Mistake("type", "it is required, and missing", TYPE_NAME)
    if name not in (TYPE_NAME, *OLDER_TYPE_NAMES):
        return Mistake("type", f"{name} is no component for a catalogue", TYPE_NAME)
    return None


def _of_type(name: Any) -> Iterator[Mistake]:
    known = (TYPE_NAME, *OLDER_TYPE_NAMES)
    is_ours = isinstance(name, str) and name.startswith(f"{TYPE_NAME.partition('.')[0]}.")
    if is_ours and name not in known:
        yield Mistake("type", f"there is no component {name}", TYPE_NAME)


def _of_requirements(requirements: Any, environ: Mapping[str, str]) -> Iterator[Mistake]:
    if requirements is None:
        return
    if not isinstance(requirements, Mapping):
        yield Mistake("requirements", "it is no mapping", "env")
        return
    for key in requirements:
        if key != "env":
            yield Mistake(f"requirements.{key}", unknown_key(key, ("env",)), "env")
    names = requirements.get("env") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield Mistake("requirements.env", "it is no list of names of environment variables")
        return
    for place, name in enumerate(names):
        if name not in environ:
            problem = f"the environment variable {name} is not set"
            yield Mistake(f"requirements.env.{place}", problem)


def _of_post_processing(post_processing: Any) -> Iterator[Mistake]:
    if post_processing is None:
        return
    place = "post_processing"
    if not isinstance(post_processing, Mapping):
        yield Mistake(place, "it is no mapping", "assets")
        return
    for key in post_processing:
        if key != "assets":
            yield Mistake(f"{place}.{key}", unknown_key(key, ("assets",)), "assets")
    items = post_processing.get("assets") or []
    if isinstance(items, Nothing):
        return
    if not isinstance(items, list):
        yield Mistake(f"{place}.assets", "it is no list")
        return
    for number, item in enumerate(items):
        yield from _of_item(item, f"{place}.assets.{number}")


def _of_item(item: Any, place: str) -> Iterator[Mistake]:
    if not isinstance(item, Mapping):
        yield Mistake(place, "it is no mapping", ", ".join(_ITEM_KEYS))
        return
    for key in item:
        if key not in _ITEM_KEYS:
            yield Mistake(f"{place}.{key}", unknown_key(key, _ITEM_KEYS), ", ".join(_ITEM_KEYS))
    changes = item.get("attributes")
    if not isinstance(changes, Mapping):
        # A template, or nothing: Dagster says what it makes of it.
        return
    for key in changes:
        where = f"{place}.attributes.{key}"
        if key in _FIXED:
            yield Mistake(where, f"this cannot be changed: {_FIXED[key]}", ", ".join(_CHANGES))
        elif key not in _CHANGES:
            yield Mistake(where, unknown_key(key, _CHANGES), ", ".join(_CHANGES))
