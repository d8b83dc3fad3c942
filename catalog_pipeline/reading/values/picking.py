"""The part of a text that a field's pattern picks, and what a part may not be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from catalog_pipeline.catalogue.field_types import NUMBERS, FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.borders import BORDER, check_no_border
from catalog_pipeline.reading.values.cut_numbers import check_not_cut
from catalog_pipeline.reading.values.exact_point import as_written
from catalog_pipeline.reading.values.patterns import Pattern


def picker(field: Field) -> Callable[[str], str]:
    """What gives the part of a folded text that the field's pattern picks, else all of it.

    Where the pattern does not match, or picks nothing, that is an error.
    """
    if field.pattern is None:
        return _whole
    return partial(_picked, Pattern(field.pattern), field.group, field.type)


def _whole(text: str) -> str:
    return text


def _picked(pattern: Pattern, group: int | str | None, kind: FieldType, text: str) -> str:
    match = pattern.search(as_written(text))
    if match is None:
        raise ParseError(f"the pattern {pattern.text} does not match")
    if group is None:
        group = 1 if pattern.groups else 0
    start, end = match.span(group)
    part = text[start:end].strip() if start >= 0 else ""
    if not part:
        what = f"its group {group} is empty" if group else "what it matches is empty"
        raise ParseError(f"the pattern {pattern.text} matches, but {what}")
    if BORDER in text:
        check_no_border(text[start - 1 : start])
        check_no_border(text[end : end + 1])
    if kind in NUMBERS:
        check_not_cut(pattern.text, match, group, decimals=kind is not FieldType.INTEGER)
    return part
