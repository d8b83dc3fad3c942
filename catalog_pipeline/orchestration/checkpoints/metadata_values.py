"""Plain values as Dagster's metadata, by their kinds. What keys they have is in `metadata`.

Dagster is imported by whoever writes: what only reads the past has no need of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import dagster as dg


def wrapped(values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts, numbers, truth values, mappings and nothing."""
    import dagster as dg

    # A truth value is a number, too, and has to be asked for before.
    kinds: dict[type, Any] = {
        str: dg.TextMetadataValue,
        bool: dg.BoolMetadataValue,
        int: dg.IntMetadataValue,
        float: dg.FloatMetadataValue,
        dict: dg.JsonMetadataValue,
        type(None): lambda _: dg.NullMetadataValue(),
    }
    return {
        key: next(kind for of, kind in kinds.items() if isinstance(value, of))(value)
        for key, value in values.items()
    }


def address(url: str) -> dg.MetadataValue[Any]:
    """What the web UI makes a link of, if it leads to a page of a site."""
    import dagster as dg

    if url.startswith(("http://", "https://")) and url.isprintable():
        return dg.UrlMetadataValue(url)
    return dg.TextMetadataValue(url)


def instant(when: datetime) -> dg.MetadataValue[Any]:
    """A time."""
    import dagster as dg

    return dg.TimestampMetadataValue(when.timestamp())
