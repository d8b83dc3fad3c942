"""Patterns of fields, looked for in the texts of a page within the time that the page has.

Python's own engine cannot be interrupted, so it takes what is certain to be quick: short texts, by
patterns whose time does not explode. All else goes to the engine of `regex`, which has a time limit
and lets other threads go on meanwhile; it is asked for the same classes of characters as Python's
has. A pattern that both would read differently stays with Python's, under the watch from outside
that every page is under.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.pattern_growth import growth_of
from catalog_pipeline.errors import ParseLimitError
from catalog_pipeline.reading import watch

if TYPE_CHECKING:
    import regex

_QUICK_STEPS = 10_000_000
"""What Python's engine does in a fraction of a second."""
_WORD = r"\p{L}\p{N}_"
_CLASSES = {
    r"\w": f"[{_WORD}]",
    r"\W": f"[^{_WORD}]",
    r"\s": r"[\s\x1c-\x1f]",
    r"\S": r"[^\s\x1c-\x1f]",
    r"\b": f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))",
    r"\B": f"(?:(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}]))",
}
_CLASSES_IN_SETS = {r"\w": _WORD, r"\s": r"\s\x1c-\x1f", r"\W": None, r"\S": None}
_PIECE = re.compile(
    r"\\N\{[^}]*\}|\\.|\[\^?\]?|\]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)\}|\(\?[a-zA-Z-]+[:)]|.",
    re.DOTALL,
)
_OTHER_RULES = re.ASCII | re.LOCALE | re.VERBOSE


class Pattern:
    """One pattern of a YAML; may be shared by threads."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._quick = re.compile(text)
        growth = growth_of(self._quick)
        most = 0 if growth.explodes else int(_QUICK_STEPS ** (1 / growth.power))
        self._most_characters = most
        self._bounded: regex.Pattern[str] | None = None
        self._has_bounded = True

    @property
    def may_hang(self) -> bool:
        """Whether its time can explode and no time limit ends it: an option keeps it from that."""
        return self._most_characters == 0 and not self._is_bounded()

    @property
    def groups(self) -> int:
        """How many groups the pattern has."""
        return self._quick.groups

    def search(self, text: str) -> re.Match[str] | regex.Match[str] | None:
        """The first match in a text.

        Raises:
            ParseLimitError: it takes longer than what the page has left of its time.
        """
        if len(text) <= self._most_characters or not self._is_bounded():
            return self._quick.search(text)
        seconds = watch.seconds_left()
        try:
            if seconds <= 0:
                raise TimeoutError
            limit = None if seconds == float("inf") else seconds
            return self._bounded.search(text, timeout=limit)  # type: ignore[union-attr]
        except TimeoutError:
            raise ParseLimitError(
                f"reading it took longer than {watch.seconds_allowed():g} s "
                f"(limits.parse_seconds), in a text of {len(text):,} characters",
                kind="parse_seconds",
                field=watch.field_now(),
                place="total" if watch.is_at(watch.Place.TOTAL) else None,
                pattern=self.text,
            ) from None

    def _is_bounded(self) -> bool:
        """Whether the other engine takes the pattern; it is asked when it is needed first."""
        if self._bounded is None and self._has_bounded:
            self._bounded = _compiled(self._quick)
            self._has_bounded = self._bounded is not None
        return self._has_bounded


def _compiled(pattern: re.Pattern[str]) -> regex.Pattern[str] | None:
    """The pattern for the other engine; None if it would mean something else there."""
    import regex  # most crawls never need it

    written = in_other_words(pattern)
    if written is None:
        return None
    try:
        return regex.compile(written, regex.VERSION0)
    except (regex.error, RecursionError):
        return None


def in_other_words(pattern: re.Pattern[str]) -> str | None:
    """The pattern with the classes of Python's engine spelled out, if that can be done."""
    if pattern.flags & _OTHER_RULES:
        return None
    written: list[str] = []
    is_in_set = False
    for piece in _PIECE.findall(pattern.pattern):
        if is_in_set:
            shown = _CLASSES_IN_SETS.get(piece, r"\[" if piece[0] == "[" else piece)
            is_in_set = piece != "]"
            # A bracket that opens within a set is one like any other for Python.
            if piece[0] == "[" and piece != "[":
                return None
        elif piece[0] == "[":
            shown, is_in_set = piece, True
        elif piece == "{":
            shown = r"\{"
        elif piece.startswith("(?") and "a" in piece:
            return None
        else:
            shown = _CLASSES.get(piece, piece)
        if shown is None:
            return None
        written.append(shown)
    return "".join(written)
