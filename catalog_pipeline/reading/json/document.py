"""From JSON's text to values, in which every number keeps the digits that it was written with.

A key that an object has twice, with different values, is no mistake of a page that does not ask for
it: whoever asks for it is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.json.nested import TooDeepError, decode_nested

_SHOWN = 40
_SPACE = " \t\n\r"


class WrittenNumber(float):
    """A number with decimals that knows how it was written: no price passes through a float."""

    text: str


# JMESPath knows the types of values by their names.
WrittenNumber.__name__ = "float"


class TwoReadings(dict[str, Any]):
    """An object with keys that it has more than once, with different values."""

    keys_at_odds: frozenset[str]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key.

        Raises:
            ParseError: the key is one of those.
        """
        if key in self.keys_at_odds:
            raise ParseError(
                f"an object of the JSON has the key {key} more than once, with different values"
            )
        return super().get(key, default)

    def values(self) -> Any:
        """The values of all keys.

        Raises:
            ParseError: one of them has several.
        """
        return [self.get(key) for key in self]

    def items(self) -> Any:
        """All keys with their values.

        Raises:
            ParseError: one of them has several.
        """
        return [(key, self.get(key)) for key in self]


# JMESPath knows the types of values by their names.
TwoReadings.__name__ = "dict"


def object_of(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these keys and values."""
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    at_odds = frozenset(key for key, each in pairs if not is_same(each, value[key]))
    if not at_odds:
        return value
    told = TwoReadings(value)
    told.keys_at_odds = at_odds
    return told


def is_same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are one; those that are too deep to be compared are not."""
    try:
        return type(one) is type(other) and bool(one == other)
    except RecursionError:
        return False


def parse_json(text: str, what: str = "the page") -> Any:
    """The value of a JSON text.

    Raises:
        ParseError: it is none; the place is named.
    """
    text = text.lstrip("\ufeff").rstrip(_SPACE)
    start = len(text) - len(text.lstrip(_SPACE))
    value, end = value_and_end(text, start, what)
    if end < len(text):
        extra = len(text) - len(text[end:].lstrip(_SPACE))
        raise broken(json.JSONDecodeError("Extra data", text, extra), text, what)
    return value


def value_and_end(text: str, start: int, what: str) -> tuple[Any, int]:
    """The value of the JSON that begins at a place of a text, and where it ends.

    Raises:
        ParseError: there is none.
    """
    try:
        try:
            return _DECODER.raw_decode(text, start)
        except RecursionError:
            return decode_nested(_DECODER, text, start, object_of)
    except json.JSONDecodeError as error:
        raise broken(error, text, what) from error
    except TooDeepError as error:
        raise ParseError(f"{what} is JSON that is nested too deep to be read") from error


def broken(error: json.JSONDecodeError, text: str, what: str) -> ParseError:
    """The error of a text that is no JSON, with its place and what stands there."""
    problem = error.msg[:1].lower() + error.msg[1:]
    return ParseError(
        f"{what} is no JSON: {problem} (line {error.lineno}, column {error.colno})",
        found=text[max(0, error.pos - _SHOWN) : error.pos + _SHOWN],
    )


def _number(text: str) -> WrittenNumber:
    number = WrittenNumber(text)
    number.text = text
    return number


def _integer(text: str) -> int | WrittenNumber:
    return int(text) if len(text) <= 40 else _number(text)


def _constant(text: str) -> NoReturn:
    raise ParseError(f"the JSON holds {text}, which is no number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=object_of,
    parse_float=_number,
    parse_int=_integer,
    parse_constant=_constant,
    strict=False,
)
