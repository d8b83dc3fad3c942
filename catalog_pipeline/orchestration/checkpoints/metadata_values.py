"""Values that are more than texts and numbers as Dagster's metadata.

What keys they have is in `metadata`; of plain values Dagster knows the kind by itself.
Dagster is imported by whoever writes: what only reads the past has no need of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import dagster as dg


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
