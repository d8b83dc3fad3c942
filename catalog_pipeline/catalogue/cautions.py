"""What a YAML may say and is better said otherwise: it is no mistake, and people are told of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.pattern_growth import growth_of


def cautions_of(catalogue: Catalogue) -> Iterator[Mistake]:
    """All that there is to tell, with what to do."""
    yield from _patterns_that_explode(catalogue)
    for name in catalogue.key if catalogue.mirrors else ():
        if catalogue.fields[name].type is FieldType.URL:
            yield Mistake(
                "key",
                f"{name} is an address with its host: a product that is seen on a mirror and on "
                f"base_url is two, and after a move each is gone and a new one comes",
                "a key without the host: an id of the shop, or the path as text, cut out of the "
                "link by a pattern",
            )


def _patterns_that_explode(catalogue: Catalogue) -> Iterator[Mistake]:
    """Patterns that can take a time that explodes, wherever the YAML has them."""
    for place, pattern in _patterns_of(catalogue, ""):
        if growth_of(re.compile(pattern)).explodes:
            yield Mistake(
                place,
                f"{pattern!r} has a loop that can read the same text in many ways. Where it "
                f"does not match, the time that it takes can double with each character; "
                f"{_what_fails(place, catalogue.limits.parse_seconds)}",
                "a pattern without a loop around another loop or around choices that overlap",
            )


def _what_fails(place: str, seconds: float) -> str:
    if place.startswith("checks."):
        return "a build of the table for which it takes too long fails"
    return f"a page on which it takes longer than limits.parse_seconds ({seconds:g} s) fails"


def _patterns_of(value: object, place: str) -> Iterator[tuple[str, str]]:
    """All keys `pattern` below a place, with what they say."""
    if isinstance(value, BaseModel):
        aliases = {name: field.alias or name for name, field in type(value).model_fields.items()}
        inner = {aliases.get(name, name): each for name, each in value}
    elif isinstance(value, Mapping):
        inner = {str(key): each for key, each in value.items()}
    else:
        return
    for key, each in inner.items():
        where = f"{place}.{key}" if place else key
        if key == "pattern" and isinstance(value, BaseModel) and isinstance(each, str):
            yield where, each
        else:
            yield from _patterns_of(each, where)
