"""Which pages of a run are done already, which can be taken from disk, and which are due.

One definition for every way to start a crawl. The event log's checkpoints and the page store's
files come in as values; nothing is downloaded or recorded here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StoredPageError, UsageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.folder_store import PageStore


@dataclass(frozen=True)
class CutOff:
    """A page whose checkpoint is at or after `instant` is not downloaded again.

    An explicit cut-off also forbids taking over a stored file that is older and was not recorded.
    """

    instant: datetime
    is_explicit: bool = False


@dataclass(frozen=True)
class CrawlPlan:
    """What a run does with its pages; every page is in exactly one of the first three.

    `carried_over` were done at or after the cut-off, `recovered` were stored but not recorded,
    `due` have to be downloaded, with their last checkpoint if there is one. `damaged` are those
    of `due` whose stored file was found missing or altered, with what is wrong.
    """

    carried_over: tuple[StoredPage, ...]
    recovered: tuple[StoredPage, ...]
    due: tuple[tuple[PageKey, StoredPage | None], ...]
    damaged: tuple[str, ...]


def plan_crawl(
    pages: Iterable[PageKey],
    checkpoints: Mapping[PageKey, StoredPage],
    store: PageStore,
    cut_off: CutOff,
    wiped_at: Callable[[PageKey], datetime | None] = lambda page: None,
) -> CrawlPlan:
    """Sort the pages of a run; files that would save a download are verified first.

    `wiped_at` says when a page was last wiped: its file from before then is not taken over.
    """
    newest = store.newest()
    carried_over: list[StoredPage] = []
    recovered: list[StoredPage] = []
    due: list[tuple[PageKey, StoredPage | None]] = []
    damaged: list[str] = []
    for page in pages:
        checkpoint = checkpoints.get(page)
        if checkpoint is not None and checkpoint.record.fetched_at >= cut_off.instant:
            problem = damage_of(checkpoint, store)
            if problem is None:
                carried_over.append(dataclasses.replace(checkpoint, carried_over=True))
                continue
            damaged.append(problem)
        name = newest.get(page)
        if (
            name is not None
            and _may_be_recovered(name.fetched_at, checkpoint, cut_off)
            and not _was_wiped_after(name.fetched_at, wiped_at(page))
        ):
            try:
                recovered.append(dataclasses.replace(store.recognise(name), carried_over=True))
                continue
            except StoredPageError as error:
                damaged.append(str(error))
        due.append((page, checkpoint))
    return CrawlPlan(tuple(carried_over), tuple(recovered), tuple(due), tuple(damaged))


def parse_cutoff(text: str) -> datetime:
    """The instant of an ISO 8601 text that names its zone, in UTC.

    Raises:
        UsageError: it is no such text, or names no zone.
    """
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
        in_utc = instant.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no ISO 8601 time such as 2026-01-31T06:00+00:00.") from error
    if instant.tzinfo is None:
        raise UsageError(f"{text!r} names no time zone; add one, such as +00:00.")
    return in_utc


def damage_of(checkpoint: StoredPage, store: PageStore) -> str | None:
    """What is wrong with the stored file of a checkpoint; None if nothing is."""
    try:
        store.read(checkpoint.record.page, checkpoint.file_name, checkpoint.sha256)
    except StoredPageError as error:
        return str(error)
    return None


def _may_be_recovered(fetched_at: datetime, checkpoint: StoredPage | None, cut_off: CutOff) -> bool:
    is_news = checkpoint is None or fetched_at > checkpoint.record.fetched_at
    return is_news and (not cut_off.is_explicit or fetched_at >= cut_off.instant)


def _was_wiped_after(fetched_at: datetime, wiped_at: datetime | None) -> bool:
    return wiped_at is not None and fetched_at <= wiped_at
