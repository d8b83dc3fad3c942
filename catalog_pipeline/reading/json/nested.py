"""JSON that is nested deeper than Python's own decoder goes, which calls itself for each level.

Each array and object is built step by step, with memory and time in proportion to the text. Single
values are read by Python's decoder, which a caller has; what is beyond `MAX_DEPTH` is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 5_000
_SPACE = re.compile(r"[ \t\n\r]*")
_CLOSING = {"[": "]", "{": "}"}


class TooDeepError(Exception):
    """The text is nested deeper than `MAX_DEPTH`."""


def decode_nested(decoder: json.JSONDecoder, text: str, start: int) -> tuple[Any, int]:
    """The value that begins at a place of a text, and the place behind it.

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
            begun = _Open(closing)
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

    def __init__(self, closing: str) -> None:
        self.closing = closing
        self.value: Any = [] if closing == "]" else {}
        self._key: str | None = None

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
        if self._key is None:
            self.value.append(value)
        else:
            self.value[self._key] = value


def _behind_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return place if found is None else found.end()
