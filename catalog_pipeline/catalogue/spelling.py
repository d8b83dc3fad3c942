"""The word that was probably meant, where a word is none of those that are known.

Which words are known is said by whoever asks.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_NEAR_ENOUGH = 0.66


def nearest(word: str, known: Iterable[str], cutoff: float = _NEAR_ENOUGH) -> str | None:
    """The known word that was probably meant, if one is near enough; 1.0 is the same word."""
    words = {_folded(each): each for each in known}
    found = difflib.get_close_matches(_folded(word), words, n=1, cutoff=cutoff)
    return words[found[0]] if found else None


def meant(word: str, known: Iterable[str], cutoff: float = _NEAR_ENOUGH) -> str:
    """The end of a sentence about an unknown word: `; did you mean shop`, or nothing."""
    found = nearest(word, known, cutoff)
    return f"; did you mean {found}" if found else ""


def _folded(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
