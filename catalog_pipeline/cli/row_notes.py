"""What a table's rows have been through, and what changed, in sentences for `run` and `status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.wording import changes_told

_WHY = {
    "same_page": "of pages with the same rows as another",
    "equal": "with equal values",
    "different": "with different values",
}


def row_sentences(
    catalogue: Catalogue, duplicates: int, merged: Mapping[str, int], notes: Sequence[str]
) -> tuple[str, ...]:
    """How many rows gave way and why, and what else the build noted."""
    if not duplicates:
        return tuple(notes)
    parts = [f"{merged[key]:,} {words}" for key, words in _WHY.items() if merged.get(key)]
    why = f" ({', '.join(parts)})" if parts else ""
    if merged.get("different", 0) > duplicates / 2:
        why += "; a wrong key merges products that are different ones"
    key = ", ".join(catalogue.key)
    told = f"{duplicates:,} more rows gave way to a later one of the same {key}{why}"
    return (told, *notes)


def change_sentences(history: Mapping[str, Any]) -> tuple[str, ...]:
    """What a build found otherwise than the one before, and what there is to say of it."""
    if not history:
        return ()
    counts = ("new", "gone", "returned", "changed", "values")
    told = changes_told(**{name: history[name] for name in counts})
    return (f"changes (build {history['build']}): {told}", *history["notes"])
