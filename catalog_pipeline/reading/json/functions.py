"""JMESPath's functions on values that know more than their types tell: digits, keys at odds."""

from __future__ import annotations

import json
from typing import Any

from jmespath import functions

from catalog_pipeline.reading.json.document import TwoReadings, WrittenNumber


class NumberText(str):
    """The text of a number of JSON, whose point parts decimals."""

    __slots__ = ()


# JMESPath knows the types of values by their names.
NumberText.__name__ = "str"


class WrittenFunctions(functions.Functions):
    """JMESPath's own functions, of which these keep what a page has written."""

    @functions.signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        """A text as it is, anything else as JSON, its numbers with the digits that they have."""
        if isinstance(value, WrittenNumber):
            return NumberText(value.text)
        return value if isinstance(value, str) else _as_json(value)

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
