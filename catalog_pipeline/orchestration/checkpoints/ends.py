"""Where a listing ends, as the crawl that confirmed it has recorded it.

Of an open listing it is an observation of the last page's partition: it goes when that page is
wiped or fails, and it counts as long as that page is the last one, and until all pages are newer:
whoever asked for those again has not found it. Where pages tell of their listing, the checkpoints
of those that do say it, and the observation is for people alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timezone
from typing import Any

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.metadata import Values
from catalog_pipeline.orchestration.instance.history import OBSERVATION, Source, history_of
from catalog_pipeline.orchestration.names import pages_path
from catalog_pipeline.records import ListingEnd, StoredPage

SIGNS_KEY = "listing_ends_by"
"""Metadata key of the observation: by what the end shows; empty if it could not be confirmed."""
_CHECKED_KEY = "checked_at"
_DOUBTED_KEY = "pages_that_seem_gone"


def metadata_of_end(end: ListingEnd) -> dict[str, Any]:
    """Metadata of the observation that records an end."""
    import dagster as dg

    return {
        SIGNS_KEY: dg.TextMetadataValue(end.signs),
        _CHECKED_KEY: dg.TimestampMetadataValue(end.checked_at.timestamp()),
    }


def metadata_of_doubt(at: datetime, doubted: Sequence[PageKey]) -> dict[str, Any]:
    """Metadata of the observation that an end could not be confirmed; the pages `doubted` seem to
    be gone."""
    import dagster as dg

    pages = {_DOUBTED_KEY: dg.TextMetadataValue(str(doubted[0]))} if doubted else {}
    return {**metadata_of_end(ListingEnd(PageKey(0), "", at)), **pages}


def doubted_pages(
    source: Source, catalogue: Catalogue, checkpoints: Mapping[PageKey, StoredPage]
) -> frozenset[PageKey]:
    """The pages of open listings that seemed to be gone, and have not come since."""
    doubted: set[PageKey] = set()
    for view in catalogue.by_listing():
        if not view.pages or view.found_length is None or view.telling is not None:
            continue
        for values in _observed(source, view, view.pages[-1]):
            if _DOUBTED_KEY in values:
                first, at = PageKey.parse(values[_DOUBTED_KEY]), _time(values)
                doubted |= {
                    page
                    for page in view.pages
                    if page.number >= first.number
                    and not (page in checkpoints and checkpoints[page].record.fetched_at > at)
                }
    return frozenset(doubted)


def known_end(
    source: Source,
    catalogue: Catalogue,
    checkpoints: Mapping[PageKey, StoredPage],
    done: Set[PageKey],
) -> ListingEnd | None:
    """The end of the listings whose pages are found; None if it is not known of one of them."""
    views = [view for view in catalogue.by_listing() if view.found_length is not None]
    ends = [_end_of_one(source, view, checkpoints, done) for view in views]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends) or len(known) < 2:
        return known[0] if len(ends) == len(known) == 1 else None
    return ListingEnd(
        known[-1].page,
        "; ".join(f"{end.page}: {end.signs}" for end in known),
        min(end.checked_at for end in known),
    )


def _end_of_one(
    source: Source,
    catalogue: Catalogue,
    checkpoints: Mapping[PageKey, StoredPage],
    done: Set[PageKey],
) -> ListingEnd | None:
    """The end of the only listing of a catalogue; None if it is not known."""
    if catalogue.telling is None:
        end = read_end(source, catalogue, catalogue.pages)
        return None if end is None or _is_outlived(end, catalogue, checkpoints) else end
    last = catalogue.pages[-1] if catalogue.pages else catalogue.first_key
    telling = last if catalogue.is_linked else catalogue.first_key
    is_done = {telling, last} <= done and telling in checkpoints
    record = checkpoints[telling].record if is_done else None
    told = record.told if record is not None else None
    if record is None or told is None or told.problem or told.by != catalogue.telling_version:
        return None
    if catalogue.is_linked:
        is_end = told.successor is None and not _ends_before(last, catalogue, checkpoints)
    else:
        is_end = told.last == last.number
    how = "tells of no page after it" if catalogue.is_linked else "tells it"
    signs = f"page {telling} {how}: {told.found}"
    return ListingEnd(last, signs, record.fetched_at) if is_end else None


def _ends_before(
    last: PageKey, catalogue: Catalogue, checkpoints: Mapping[PageKey, StoredPage]
) -> bool:
    """Whether a page before the last one tells of no page after it: those seem to be gone, and were
    too many to be dropped."""
    pages = (page for page in catalogue.pages if page != last and page in checkpoints)
    before = (checkpoints[page].record.told for page in pages)
    return any(
        told is not None
        and told.successor is None
        and not told.problem
        and told.by == catalogue.telling_version
        for told in before
    )


def _is_outlived(
    end: ListingEnd, catalogue: Catalogue, checkpoints: Mapping[PageKey, StoredPage]
) -> bool:
    """Whether all pages were fetched after the end was found: a crawl of them was cut short, or
    met an outage where it looked for their end."""
    return all(
        page in checkpoints and checkpoints[page].record.fetched_at > end.checked_at
        for page in catalogue.pages
    )


def read_end(source: Source, catalogue: Catalogue, pages: Sequence[PageKey]) -> ListingEnd | None:
    """The confirmed end of a listing with these pages; None if none is known."""
    if not pages:
        return None
    for values in _observed(source, catalogue, pages[-1]):
        if values.get(SIGNS_KEY):
            return ListingEnd(pages[-1], values[SIGNS_KEY], _time(values))
    return None


def _observed(source: Source, catalogue: Catalogue, last: PageKey) -> list[Values]:
    """What the latest observation of a listing's last page says, if there is one."""
    # To the last one: what is left half read would leave its transaction open.
    events = [*history_of(source).latest_events(pages_path(catalogue), OBSERVATION, {str(last)})]
    return [event.values for event in events]


def _time(values: Values) -> datetime:
    return datetime.fromtimestamp(round(values[_CHECKED_KEY], 6), timezone.utc)
