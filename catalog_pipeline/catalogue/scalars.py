"""What a text of a YAML stands for where a number or a truth value is wanted.

Only what has one reading: `0150` is 104 to some and 150 to others, `1_000` a number to some and a
text to others, so each is a mistake where a number is wanted, and where a text is wanted the text
as it is written. Bounds of numbers are in `bounds`, the texts of a site's pages in `reading`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from catalog_pipeline.catalogue.field_types import FieldType, total
from catalog_pipeline.catalogue.nothing import Nothing
from catalog_pipeline.catalogue.sections import (
    alternatives,
    annotations_of,
    attribute_of,
    fitting,
    has_key,
    is_model,
)

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_TRUTH = {
    word: is_true
    for words, is_true in (("true yes on", True), ("false no off", False))
    for word in words.split()
}
_MAX_DIGITS = 40
_LISTS = (list, tuple, set, frozenset)

Place = tuple[str, ...]
Scalar = str | int | float | bool


def typed(model: type[BaseModel], attributes: Mapping[str, Any]) -> tuple[Any, dict[Place, str]]:
    """The attributes with their texts turned into what the model wants, and what could not be.

    What could not be is kept as it is, with its place in the attributes.
    """
    problems: dict[Place, str] = {}
    return _section(attributes, [model], (), problems), problems


def truth_of(text: str) -> bool | None:
    """What a text says where a truth value is wanted; None if it says none."""
    return _TRUTH.get(text.lower())


def _section(
    values: Mapping[str, Any],
    models: Sequence[type[BaseModel]],
    place: Place,
    problems: dict[Place, str],
) -> dict[str, Any]:
    models = fitting(models, values)
    typed_values = {}
    for key, item in values.items():
        there, wanted = (*place, key), annotations_of(models, key)
        if _is_empty(item) and _null_says_something(models, key, wanted):
            problems[there] = "it holds nothing; give it a value, or null to switch it off"
        typed_values[key] = _value(item, wanted, there, problems)
    return typed_values


def _is_empty(item: object) -> bool:
    return isinstance(item, Nothing) and not item


def _null_says_something(
    models: Sequence[type[BaseModel]], key: str, wanted: Sequence[Any]
) -> bool:
    """Whether null means something else than leaving the key out."""
    fields = [each.model_fields[attribute_of(each, key)] for each in models if has_key(each, key)]
    return type(None) in wanted and any(field.default is not None for field in fields)


def _value(value: object, wanted: Sequence[Any], place: Place, problems: dict[Place, str]) -> Any:
    if isinstance(value, Mapping):
        if models := [each for each in wanted if is_model(each)]:
            return _section(value, models, place, problems)
        inner = [get_args(each)[1] for each in wanted if get_origin(each) in (dict, Mapping)]
        return {k: _value(v, alternatives(inner), (*place, k), problems) for k, v in value.items()}
    if isinstance(value, list | tuple):
        inner = [arg for each in wanted if get_origin(each) in _LISTS for arg in get_args(each)[:1]]
        items = enumerate(value)
        return [_value(v, alternatives(inner), (*place, str(i)), problems) for i, v in items]
    try:
        return _scalar(value, wanted)
    except ValueError as error:
        problems[place] = str(error)
        return value


def _scalar(value: object, wanted: Sequence[Any]) -> object:
    """One value as it is wanted.

    Raises:
        ValueError: it is a text, a truth value or nothing, and something else is wanted.
    """
    if isinstance(value, Nothing):
        return _nothing(value, wanted)
    if isinstance(value, str):
        return _of_text(value, wanted)
    if isinstance(value, bool) and bool not in wanted and _are_numbers(wanted):
        raise ValueError(f"{str(value).lower()} is no number")
    return value


def mapped_value(value: Scalar | None, field_type: FieldType) -> Scalar | None:
    """A value of a field's `values` as the field's type has it; text stays as it is written.

    Raises:
        ValueError: the field is a number and the text none that has one reading.
    """
    return _MAPPED_AS[field_type](value) if isinstance(value, str) else value


def _as_written(text: str) -> Scalar:
    return text


def _truth(text: str) -> Scalar:
    return text.lower() == "true" if text.lower() in ("true", "false") else text


_MAPPED_AS: Mapping[FieldType, Callable[[str], Scalar]] = total(
    FieldType,
    {
        FieldType.TEXT: _as_written,
        FieldType.INTEGER: lambda text: _of_text(text, [int]),
        FieldType.NUMBER: lambda text: _of_text(text, [int, float]),
        FieldType.MONEY: _as_written,
        FieldType.BOOLEAN: _truth,
        FieldType.URL: _as_written,
        FieldType.TIMESTAMP: _as_written,
    },
)


def _of_text(text: str, wanted: Sequence[Any]) -> Scalar:
    """The text, or the number or truth value that it is if no text is wanted."""
    if int in wanted and bool not in wanted and _INTEGER.fullmatch(text):
        return int(_bounded(text))
    if str in wanted or not (bool in wanted or _are_numbers(wanted)):
        return str(text)
    if float in wanted and _NUMBER.fullmatch(text):
        return float(text)
    is_true = truth_of(text)
    if bool in wanted and is_true is not None:
        return is_true
    if not _are_numbers(wanted):
        raise ValueError(f"{text!r} is neither true nor false")
    kind = "number" if float in wanted else "whole number"
    raise ValueError(f"{text!r} is no {kind}; write it in decimal digits alone, as in 25")


def _are_numbers(wanted: Sequence[Any]) -> bool:
    return int in wanted or float in wanted


def _bounded(digits: str) -> str:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return digits


def _nothing(value: Nothing, wanted: Sequence[Any]) -> object:
    if type(None) in wanted:
        return None
    if str in wanted or not wanted:
        return str(value)
    raise ValueError("it holds nothing; give it a value, or leave the key out")
