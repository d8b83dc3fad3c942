"""JSON that is nested deeper than Python's own decoder goes, which calls itself for each level.

Each array and object is built step by step, with memory and time in proportion to the text. Single
values are read by Python's decoder, which a caller has; what is beyond `MAX_DEPTH` is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 5_000
ObjectOf = Callable[[list[tuple[str, Any]]], dict[str, Any]]
_SPACE = re.compile(r"[ \t\n\r]*")
_CLOSING = {"[": "]", "{": "}"}


class TooDeepError(Exception):
    """The text is nested deeper than `MAX_DEPTH`."""


def decode_nested(
    decoder: json.JSONDecoder, text: str, start: int, object_of: ObjectOf = dict
) -> tuple[Any, int]:
    """The value that begins at a place of a text, and the place behind it.

    `object_of` makes an object of its keys and values.

    Raises:
        json.JSONDecodeError: there is none.
        TooDeepError: it is nested too deep.
    """
    open_ones: list[_Open] = []
    place = _behind_space(text, start)
    while True:
        closing = _CLOSING.get(text[place : place + 1])
        if closing is None:
            value, place = decoder.raw_decode(text, place)
        else:
            begun = _Open(closing, object_of)
            place = _behind_space(text, place + 1)
            if not text.startswith(closing, place):
                if len(open_ones) >= MAX_DEPTH:
                    raise TooDeepError
                open_ones.append(begun)
                place = begun.next_begins(decoder, text, place)
                continue
            value, place = begun.value, place + 1
        while open_ones:
            innermost = open_ones[-1]
            innermost.add(value)
            place = _behind_space(text, place)
            if text.startswith(",", place):
                place = _behind_space(text, place + 1)
                place = innermost.next_begins(decoder, text, place)
                break
            if not text.startswith(innermost.closing, place):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
            value, place = open_ones.pop().value, place + 1
        else:
            return value, place


class _Open:
    """An array or object whose end is not yet reached."""

    def __init__(self, closing: str, object_of: ObjectOf) -> None:
        self.closing = closing
        self._list: list[Any] = []
        self._pairs: list[tuple[str, Any]] = []
        self._object_of = object_of
        self._key = ""

    @property
    def value(self) -> Any:
        """What it holds so far."""
        return self._list if self.closing == "]" else self._object_of(self._pairs)

    def next_begins(self, decoder: json.JSONDecoder, text: str, place: int) -> int:
        """Take the key, in an object; the place of the next value."""
        if self.closing == "]":
            return place
        if not text.startswith('"', place):
            message = "Expecting property name enclosed in double quotes"
            raise json.JSONDecodeError(message, text, place)
        self._key, place = decoder.raw_decode(text, place)
        place = _behind_space(text, place)
        if not text.startswith(":", place):
            raise json.JSONDecodeError("Expecting ':' delimiter", text, place)
        return _behind_space(text, place + 1)

    def add(self, value: Any) -> None:
        """Take the value that begins there."""
        if self.closing == "]":
            self._list.append(value)
        else:
            self._pairs.append((self._key, value))


def _behind_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return place if found is None else found.end()
