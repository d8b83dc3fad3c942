"""JMESPath's functions on values that know more than their types tell: digits, keys at odds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from jmespath import functions

from catalog_pipeline.reading.json.document import TwoReadings, WrittenNumber
from catalog_pipeline.reading.values.exact_point import exact

_MOST_ZEROS = 30


class NumberText(str):
    """A text that is, or holds, a number of JSON, whose point parts decimals."""

    exactly: str
    """The text for who reads a number of it."""

    @classmethod
    def of(cls, number: str) -> NumberText:
        """The text of a number that is written so."""
        text = cls(number)
        text.exactly = exact(_without_exponent(number))
        return text

    @classmethod
    def joined(cls, separator: str, texts: Sequence[str]) -> NumberText:
        """Texts of which some are of numbers, as one."""
        text = cls(separator.join(texts))
        text.exactly = separator.join(
            each.exactly if isinstance(each, NumberText) else each for each in texts
        )
        return text


# JMESPath knows the types of values by their names.
NumberText.__name__ = "str"


class WrittenFunctions(functions.Functions):
    """JMESPath's own functions, of which these keep what a page has written."""

    @functions.signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        """A text as it is, anything else as JSON, its numbers with the digits that they have."""
        if isinstance(value, WrittenNumber):
            return NumberText.of(value.text)
        return value if isinstance(value, str) else _as_json(value)

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, texts: list[str]) -> str:
        """Several texts as one, in which the point of a number of JSON stays one of decimals."""
        if any(isinstance(each, NumberText) for each in texts):
            return NumberText.joined(separator, texts)
        return separator.join(texts)

    @functions.signature({"types": ["object"], "variadic": True})
    def _func_merge(self, *objects: dict[str, Any]) -> dict[str, Any]:
        """One object of several: the last that has a key says its value, if it says one."""
        merged, at_odds = dict[str, Any](), set[str]()
        for each in objects:
            at_odds -= each.keys()
            at_odds |= each.keys_at_odds if isinstance(each, TwoReadings) else set()
            merged |= dict(zip(each, dict.values(each), strict=True))
        if not at_odds:
            return merged
        told = TwoReadings(merged)
        told.keys_at_odds = frozenset(at_odds)
        return told


def _as_json(value: Any) -> str:
    if isinstance(value, WrittenNumber):
        return value.text
    if isinstance(value, dict):
        parts = (f"{json.dumps(key)}:{_as_json(each)}" for key, each in value.items())
        return f"{{{','.join(parts)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_as_json, value))}]"
    return json.dumps(value)


def _without_exponent(text: str) -> str:
    """A number such as `1.5e2` as people write it; one with an exponent beyond all use as it is."""
    digits, _, exponent = text.lower().partition("e")
    if not exponent or len(exponent) > 3 or abs(int(exponent)) > _MOST_ZEROS:
        return text
    sign, figures, point = Decimal(digits).as_tuple()
    return f"{Decimal((sign, figures, int(point) + int(exponent))):f}"
