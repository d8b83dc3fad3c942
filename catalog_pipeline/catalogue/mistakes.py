"""The mistakes that pydantic finds in a catalogue's attributes, as a person would name them.

All at once, with the line of each, what is allowed, and the key that was meant. A key that is
misspelt comes before what is missing because of it, and stands for it. Not here: what is allowed
(`model`), and the mistakes that only a parser or Dagster can find.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.sections import (
    below,
    has_key,
    is_chosen_by,
    keys_of,
    kinds_of,
    models_among,
)
from catalog_pipeline.catalogue.spelling import meant, nearest
from catalog_pipeline.catalogue.written import Document

_ATTRIBUTES = "attributes"
_NO_SECTION = frozenset({"model_type", "model_attributes_type", "dict_type"})
_NO_KIND = frozenset({"union_tag_not_found", "union_tag_invalid"})
_TYPE_NAMES = frozenset({"str", "int", "float", "bool"})
_CHOICES = frozenset({"literal_error", "enum"})
_NO_DOUBT = 0.8
_NEAR_CHOICE = 0.6
"""Where the words are few, one that is less near is still the one that was meant."""


def mistakes_by_place(
    model: type[BaseModel], error: ValidationError | None, problems: Mapping[tuple[str, ...], str]
) -> dict[tuple[str, ...], Mistake]:
    """Every mistake in attributes by its place, misspelt keys first.

    `error` came of validating `model`; `problems` are texts that are not what their key wants.
    """
    found = {}
    for each in _raw(error) if error else []:
        place, models = _in_file(model, each["loc"])
        found[place] = each, models
    unknown = {
        place: keys_of(models)
        for place, (each, models) in found.items()
        if each["type"] == "extra_forbidden"
    }
    known = {(*place[:-1], nearest(place[-1], keys)) for place, keys in unknown.items()}
    ordered = sorted(found.items(), key=lambda entry: entry[0] not in unknown)
    named = {
        place: _mistake(model, place, each, models)
        for place, (each, models) in ordered
        if not (_is_missing(each) and place in known)
    }
    texts = {place: Mistake(".".join(place), problem) for place, problem in problems.items()}
    return {**named, **texts}


def located(mistake: Mistake, path: Path, document: Document) -> Mistake:
    """A mistake in the attributes of a document, with its file and line."""
    keys = () if mistake.field == _ATTRIBUTES else tuple(mistake.field.split("."))
    return replace(mistake, path=path, line=document.line_of((_ATTRIBUTES, *keys)))


def _raw(error: ValidationError) -> list[Any]:
    found = error.errors(include_url=False)
    places = [each["loc"][:-1] for each in found]
    return [
        each
        for each, place in zip(found, places, strict=True)
        if not (_is_other_choice(each) and places.count(place) > 1)
        and not (_is_no_text(each) and any(p[:-1] == place for p in places))
    ]


def _is_missing(found: Any) -> bool:
    return found["type"] == "missing" or "it is required, and missing" in found["msg"]


def _is_other_choice(found: Any) -> bool:
    """Whether all that is wrong is that a text is no section, where it may be either."""
    return found["type"] == "model_type" and str(found["loc"][-1])[:1].isupper()


def _is_no_text(found: Any) -> bool:
    """Whether all that is wrong is that a section is no text, where it may be either."""
    return found["type"] == "string_type" and str(found["loc"][-1]).rstrip("]").endswith("str")


def unknown_key(key: str, known: Sequence[str], model: type[BaseModel] | None = None) -> str:
    """What is said of a key that is not known where it stands."""
    if hint := meant(key, known):
        return f"there is no such key{hint}"
    if model is not None and (home := _section_with(model, key)):
        return f"there is no such key here; it belongs in {home}"
    return "there is no such key"


def _mistake(
    model: type[BaseModel], place: tuple[str, ...], found: Any, models: Sequence[type[BaseModel]]
) -> Mistake:
    field = ".".join(place) or _ATTRIBUTES
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        keys = keys_of(models)
        clear = nearest(place[-1], keys, _NO_DOUBT) or ""
        return Mistake(field, unknown_key(place[-1], keys, model), ", ".join(keys), meant=clear)
    if found["type"] == "missing":
        message = "it is required, and missing"
    sections = below(models, place[-1]) if place else ()
    if found["type"] in _NO_SECTION:
        return Mistake(field, *_no_section(found["type"], sections))
    if found["type"] in _NO_KIND:
        kinds = kinds_of(sections)
        given = str(found["ctx"].get("tag", ""))
        hint = meant(given, kinds)
        problem = f"there is no kind {given}{hint}" if given else "it is required, and missing"
        return Mistake(f"{field}.kind", problem, ", ".join(kinds))
    if found["type"] in _CHOICES:
        return _no_choice(field, found)
    if found["type"] == "tuple_type":
        message = "it is a text, or a list of texts"
    return Mistake(field, message[:1].lower() + message[1:])


def _no_choice(field: str, found: Any) -> Mistake:
    """What is said of a word that is none of those between which a key has the choice."""
    words = re.findall(r"'([^']*)'", str(found["ctx"]["expected"]))
    given = found["input"] if isinstance(found["input"], str) else ""
    message = str(found["msg"])
    return Mistake(field, f"{message[:1].lower()}{message[1:]}{meant(given, words, _NEAR_CHOICE)}")


def _no_section(kind: str, sections: Sequence[type[BaseModel]]) -> tuple[str, str]:
    """What is said of a value that stands where a section does, and what that may hold."""
    if kind == "dict_type":
        return "it is a section of names with a value each, and not one value", ""
    return "it is a section with keys of its own, and not one value", ", ".join(keys_of(sections))


def _in_file(
    model: type[BaseModel], location: Sequence[object]
) -> tuple[tuple[str, ...], Sequence[type[BaseModel]]]:
    """The keys that lead to a place, and the models of the section that the last one is in.

    Without what pydantic adds to a location where it had a choice.
    """
    within: Sequence[type[BaseModel]] = [model]
    models, place = within, list[str]()
    for part in map(str, location):
        chosen = [each for each in models if len(models) > 1 and is_chosen_by(each, part)]
        if chosen:
            models = chosen
        elif not ("[" in part or part in {*_TYPE_NAMES, *(each.__name__ for each in models)}):
            place.append(part)
            within, models = models, below(models, part)
    return tuple(place), within


def _section_with(model: type[BaseModel], key: str) -> str | None:
    for name, described in model.model_fields.items():
        if (
            any(has_key(each, key) for each in models_among([described.annotation]))
            and name != "fields"
        ):
            return described.alias or name
    return None
