"""The automaton of a regular expression: its places, and the ways from one to the next.

What follows from it is decided in `pattern_growth`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

if sys.version_info >= (3, 11):
    from re import _constants as sre
else:
    import sre_constants as sre

_MOST_PLACES = 400
_MOST_COPIES = 20
"""Of an optional part, as in `x{0,20}`; beyond it a part counts as repeated without end."""
MOST_PAIRS = 200_000
_SAMPLES = "09aZé_²\u0966 \t\n\x1c!-€\u4e00"
"""At least one character of each kind that a class such as `\\w` tells apart."""
LOOPS = {sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None)}
ONE_WAY = {getattr(sre, "ATOMIC_GROUP", None), getattr(sre, "POSSESSIVE_REPEAT", None)}
_ENDS = (sre.AT_END, sre.AT_END_STRING)
_CLASSES = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda character: character.isalnum() or character == "_",
}
_OTHERS = {
    sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
    sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
}


class TooLargeError(Exception):
    """The automaton has too many places to be looked at."""


@dataclass(frozen=True)
class Piece:
    """A part of the automaton: where it begins and ends, and whether it may be left out."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    may_be_empty: bool = True


class Automaton:
    """The places of a pattern, one for each character class in it, and the ways between them.

    A way that comes about twice, as in `(a+)+`, is counted twice.
    """

    def __init__(self, flags: int) -> None:
        self.classes: list[Any] = []
        self.ways: Counter[tuple[int, int]] = Counter()
        self.may_fail_behind = False
        self._flags = flags

    def sequence(self, nodes: Iterable[Any]) -> Piece:
        whole = Piece()
        for node in nodes:
            whole = self._joined(whole, self._piece(*node))
        return whole

    def taken(self) -> list[frozenset[str]]:
        """For each place the characters that it takes, out of one for each difference."""
        named = {character for each in self.classes for character in _named(*each)}
        samples = named | set(_SAMPLES)
        if self._flags & re.IGNORECASE:
            samples |= {character.swapcase() for character in samples}
        return [
            frozenset(
                each for each in samples
                if _takes(node, each) or (
                    self._flags & re.IGNORECASE and _takes(node, each.swapcase())
                )
            )
            for node in self.classes
        ]  # fmt: skip

    def _piece(self, kind: Any, value: Any) -> Piece:
        if kind in ONE_WAY or kind is sre.GROUPREF:
            return self._place(sre.ANY, None, may_be_empty=True)
        if kind in LOOPS:
            return self._repeated(*value)
        if kind is sre.SUBPATTERN:
            return self.sequence(value[-1])
        if kind is sre.BRANCH:
            return self._either([self.sequence(each) for each in value[1]])
        if kind is sre.GROUPREF_EXISTS:
            _, yes, no = value
            return self._either([self.sequence(yes), self.sequence(no or ())])
        if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            self.may_fail_behind = self.may_fail_behind or bool(self.classes)
            # Behind an end there is nothing that could be read.
            return self._place(kind, value) if value in _ENDS else Piece()
        return self._place(kind, value)

    def _place(self, kind: Any, value: Any, *, may_be_empty: bool = False) -> Piece:
        if len(self.classes) >= _MOST_PLACES:
            raise TooLargeError
        self.classes.append((kind, value))
        place = (len(self.classes) - 1,)
        return Piece(place, place, may_be_empty)

    def _repeated(self, least: int, most: Any, nodes: Any) -> Piece:
        has_end = most is not sre.MAXREPEAT and most - least <= _MOST_COPIES
        whole = Piece()
        for _ in range(least if has_end else max(least - 1, 0)):
            whole = self._joined(whole, self.sequence(nodes))
        if not has_end:
            looped = self.sequence(nodes)
            self._lead(looped.last, looped.first)
            can_go = least == 0 or looped.may_be_empty
            return self._joined(whole, Piece(looped.first, looped.last, can_go))
        tail = Piece()
        for _ in range(most - least):
            more = self._joined(self.sequence(nodes), tail)
            tail = Piece(more.first, more.last)
        return self._joined(whole, tail)

    def _joined(self, one: Piece, other: Piece) -> Piece:
        self._lead(one.last, other.first)
        return Piece(
            one.first + other.first if one.may_be_empty else one.first,
            other.last + one.last if other.may_be_empty else other.last,
            one.may_be_empty and other.may_be_empty,
        )

    def _lead(self, places: Sequence[int], there: Sequence[int]) -> None:
        self.ways.update((place, other) for place in places for other in there)
        if len(self.ways) > MOST_PAIRS:
            raise TooLargeError

    @staticmethod
    def _either(pieces: Sequence[Piece]) -> Piece:
        return Piece(
            tuple(place for piece in pieces for place in piece.first),
            tuple(place for piece in pieces for place in piece.last),
            any(piece.may_be_empty for piece in pieces),
        )


def _named(kind: Any, value: Any) -> set[str]:
    """Characters at the borders of a class: what differs between two classes differs there."""
    if kind in (sre.LITERAL, sre.NOT_LITERAL):
        return {chr(value)}
    if kind is sre.RANGE:
        return {chr(value[0]), chr(value[1])}
    if kind is sre.IN:
        return {character for each in value for character in _named(*each)}
    return set()


def _takes(node: tuple[Any, Any], character: str) -> bool:
    kind, value = node
    code = ord(character)
    if kind is sre.LITERAL:
        return code == value
    if kind is sre.NOT_LITERAL:
        return code != value
    if kind is sre.RANGE:
        return bool(value[0] <= code <= value[1])
    if kind is sre.CATEGORY:
        other = _OTHERS.get(value)
        return not _CLASSES[other](character) if other else _CLASSES[value](character)
    if kind is sre.IN:
        is_negated = value[0][0] is sre.NEGATE
        return any(_takes(each, character) for each in value[is_negated:]) != is_negated
    # Whatever else takes a character is taken to take any; an end takes none.
    return kind is not sre.AT
