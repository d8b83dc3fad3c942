"""Which pages of a run are done already, which can be taken from disk, and which are due.

`why_not_done` is the one definition of when a checkpoint no longer makes its page done; the
command, the schedule, the table and the step ask it. The event log's checkpoints and the page
store's files come in as values; nothing is downloaded or recorded here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.origins import elsewhere
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StoredPageError, UsageError
from catalog_pipeline.records import PageRecord, StoredPage
from catalog_pipeline.storing.page_file import FileName
from catalog_pipeline.storing.store import Store


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
    of `due` whose stored file was found missing or altered, with what is wrong; `moved` are those
    that were fetched from another address, with that address.
    """

    carried_over: tuple[StoredPage, ...]
    recovered: tuple[StoredPage, ...]
    due: tuple[tuple[PageKey, StoredPage | None], ...]
    damaged: tuple[str, ...]
    moved: Mapping[PageKey, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class NotDone:
    """Why a checkpoint does not make its page done."""

    is_moved: bool
    reason: str


def why_not_done(
    catalogue: Catalogue, record: PageRecord, cut_off: datetime | None, now: datetime
) -> NotDone | None:
    """Why a page with that record is to be downloaded again; None if it is done.

    Without a cut-off a page stays done, however old. With one, a time after `now` proves nothing:
    the clock was ahead when it was taken down.
    """
    place = elsewhere(catalogue, record)
    if place is not None:
        return NotDone(True, place)
    if cut_off is None or cut_off <= record.fetched_at <= now:
        return None
    when = "in the future, by a clock that was ahead" if record.fetched_at > now else "too long ago"
    return NotDone(False, f"fetched {when}")


def plan_crawl(
    catalogue: Catalogue,
    pages: Iterable[PageKey],
    checkpoints: Mapping[PageKey, StoredPage],
    store: Store,
    cut_off: CutOff,
    wiped_at: Callable[[PageKey], datetime | None] = lambda page: None,
    *,
    now: datetime,
) -> CrawlPlan:
    """Sort the pages of a run; files that would save a download are verified first.

    `wiped_at` says when a page was last wiped: its file from before then is not taken over.
    """
    newest = store.newest()
    carried_over: list[StoredPage] = []
    recovered: list[StoredPage] = []
    due: list[tuple[PageKey, StoredPage | None]] = []
    damaged: list[str] = []
    moved: dict[PageKey, str] = {}
    for page in pages:
        checkpoint = checkpoints.get(page)
        if checkpoint is not None:
            not_done = why_not_done(catalogue, checkpoint.record, cut_off.instant, now)
            problem = damage_of(checkpoint, store) if not_done is None else None
            if not_done is None and problem is None:
                carried_over.append(dataclasses.replace(checkpoint, carried_over=True))
                continue
            if problem is not None:
                damaged.append(problem)
            if not_done is not None and not_done.is_moved:
                moved[page] = not_done.reason
        name = newest.get(page)
        if name is not None and _may_be_recovered(name, checkpoint, cut_off, wiped_at, now):
            try:
                found = dataclasses.replace(store.recognise(name), carried_over=True)
            except StoredPageError as error:
                damaged.append(str(error))
            else:
                place = elsewhere(catalogue, found.record)
                if place is None:
                    moved.pop(page, None)
                    recovered.append(found)
                    continue
                moved[page] = place
        due.append((page, checkpoint))
    return CrawlPlan(tuple(carried_over), tuple(recovered), tuple(due), tuple(damaged), moved)


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


def damage_of(checkpoint: StoredPage, store: Store) -> str | None:
    """What is wrong with the stored file of a checkpoint; None if nothing is."""
    try:
        store.read(checkpoint.record.page, checkpoint.file_name, checkpoint.sha256)
    except StoredPageError as error:
        return str(error)
    return None


def _may_be_recovered(
    name: FileName,
    checkpoint: StoredPage | None,
    cut_off: CutOff,
    wiped_at: Callable[[PageKey], datetime | None],
    now: datetime,
) -> bool:
    """Whether a file is one that was stored after all that is known of its page.

    One with a time after `now` may be older than the checkpoint, or than a wipe.
    """
    if name.fetched_at > now:
        return False
    if checkpoint is not None and name.fetched_at <= checkpoint.record.fetched_at:
        return False
    if cut_off.is_explicit and name.fetched_at < cut_off.instant:
        return False
    wiped = wiped_at(name.page)
    return wiped is None or name.fetched_at > wiped
