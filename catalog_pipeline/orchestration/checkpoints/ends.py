"""Where a listing ends, as the crawl that confirmed it has recorded it.

It is an observation of the last page's partition: it goes when that page is wiped or fails, and it
counts as long as that page is the last one.
"""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.latest_events import latest_metadata
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.records import ListingEnd

_SIGNS_KEY = "listing_ends_by"
_CHECKED_KEY = "checked_at"


def metadata_of_end(end: ListingEnd) -> dict[str, Any]:
    """Metadata of the observation that records an end."""
    return {
        _SIGNS_KEY: dg.TextMetadataValue(end.signs),
        _CHECKED_KEY: dg.TimestampMetadataValue(end.checked_at.timestamp()),
    }


def read_end(
    instance: dg.DagsterInstance, catalogue: Catalogue, pages: Sequence[PageKey]
) -> ListingEnd | None:
    """The confirmed end of a listing with these pages; None if none is known."""
    if not pages:
        return None
    last = pages[-1]
    observed = latest_metadata(
        instance, pages_key(catalogue), dg.DagsterEventType.ASSET_OBSERVATION, {str(last)}
    )
    for _, values, _ in observed:
        if _SIGNS_KEY in values:
            at = datetime.fromtimestamp(round(values[_CHECKED_KEY], 6), timezone.utc)
            return ListingEnd(last, values[_SIGNS_KEY], at)
    return None
