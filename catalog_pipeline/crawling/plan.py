"""Which pages of a run are done already, which can be taken from disk, and which are due.

When a checkpoint no longer makes its page done is defined in `doneness`. The event log's
checkpoints and the page store's files come in as values; nothing is downloaded or recorded here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timezone

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey, in_order
from catalog_pipeline.crawling.doneness import Doneness, NotDone
from catalog_pipeline.crawling.repeats import Repeats
from catalog_pipeline.errors import StoredPageError, UsageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.damage import damages_of, recognise_all
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
    """What a run does with its pages; every page is in exactly one of the first three and the last.

    `carried_over` were done at or after the cut-off, `recovered` were stored but not recorded,
    `due` have to be downloaded, with their last checkpoint if there is one. `damaged` are those
    of `due` whose stored file was found missing or altered, with what is wrong; `moved` are those
    that were fetched from another address, with that address. `to_parse` were parsed by another
    YAML: their stored bodies are parsed again, without a download. `others` are done, too, and not
    of the run.
    """

    carried_over: tuple[StoredPage, ...]
    recovered: tuple[StoredPage, ...]
    due: tuple[tuple[PageKey, StoredPage | None], ...]
    damaged: tuple[str, ...]
    moved: Mapping[PageKey, str] = dataclasses.field(default_factory=dict)
    to_parse: tuple[StoredPage, ...] = ()
    others: tuple[StoredPage, ...] = ()


def plan_crawl(
    catalogue: Catalogue,
    pages: Iterable[PageKey],
    checkpoints: Mapping[PageKey, StoredPage],
    store: Store,
    cut_off: CutOff,
    wiped_at: Callable[[PageKey], datetime | None] = lambda page: None,
    is_unreadable: Callable[[PageKey], bool] = lambda page: False,
    *,
    at_any_age: Set[PageKey] = frozenset(),
    now: datetime,
) -> CrawlPlan:
    """Sort the pages of a run; files that would save a download are verified first.

    `checkpoints` are those of all pages of the catalogue. A stored file is not taken over if it
    shows what another page shows: the crawl that stored it may have died before it saw that.
    `wiped_at` says when a page was last wiped: its file from before then is not taken over.
    The pages `at_any_age` are not downloaded for being older than the cut-off.
    """
    newest = store.newest()
    pages = list(pages)
    doneness = Doneness(catalogue, is_unreadable)
    others = _others(doneness, pages, checkpoints, cut_off, now)
    repeats = Repeats(others)
    carried_over: list[StoredPage] = []
    recovered: list[StoredPage] = []
    due: list[tuple[PageKey, StoredPage | None]] = []
    damaged: list[str] = []
    moved: dict[PageKey, str] = {}
    to_parse: list[StoredPage] = []
    verdicts = {
        page: doneness.why_not(
            checkpoints[page].record, None if page in at_any_age else cut_off.instant, now
        )
        for page in pages
        if page in checkpoints
    }
    of_use = [checkpoints[page] for page, each in verdicts.items() if _is_of_use(each)]
    problems = damages_of(of_use, store)
    recognised = recognise_all(
        (
            name
            for page in pages
            if (name := newest.get(page)) is not None
            and (page not in verdicts or not _is_of_use(verdicts[page]) or page in problems)
            and may_be_recovered(name, checkpoints.get(page), cut_off, wiped_at, now)
        ),
        store,
    )
    for page in pages:
        checkpoint = checkpoints.get(page)
        problem = problems.get(page)
        if checkpoint is not None:
            not_done = verdicts[page]
            if _is_of_use(not_done) and problem is None:
                repeats.add(checkpoint)
                if not_done is not None:
                    to_parse.append(checkpoint)
                else:
                    carried_over.append(dataclasses.replace(checkpoint, carried_over=True))
                continue
            if not_done is not None and not_done.is_moved:
                moved[page] = not_done.reason
        if (left := recognised.get(page)) is not None:
            if isinstance(left, StoredPageError):
                damaged.append(str(left))
            else:
                found = dataclasses.replace(left, carried_over=True)
                not_done = doneness.why_not(found.record, None, now)
                if _is_of_use(not_done) and not repeats.others(found.record):
                    moved.pop(page, None)
                    repeats.add(found)
                    (recovered if not_done is None else to_parse).append(found)
                    continue
                if not_done is not None and not_done.is_moved:
                    moved[page] = not_done.reason
        if problem is not None:
            damaged.append(problem)
        due.append((page, checkpoint))
    return CrawlPlan(
        tuple(carried_over),
        tuple(recovered),
        tuple(due),
        tuple(damaged),
        moved,
        tuple(to_parse),
        tuple(others),
    )


def _is_of_use(not_done: NotDone | None) -> bool:
    """Whether the stored file of a page is to be used, as it is or parsed again."""
    return not_done is None or not_done.is_to_parse


def _others(
    doneness: Doneness,
    pages: Iterable[PageKey],
    checkpoints: Mapping[PageKey, StoredPage],
    cut_off: CutOff,
    now: datetime,
) -> list[StoredPage]:
    """The pages outside of the run that are done, by its cut-off if that was asked for."""
    instant = cut_off.instant if cut_off.is_explicit else None
    found = [checkpoints[page] for page in in_order(checkpoints.keys() - set(pages))]
    reasons = (doneness.why_not(stored.record, instant, now) for stored in found)
    return [
        stored
        for stored, reason in zip(found, reasons, strict=True)
        if reason is None or reason.is_to_parse
    ]


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


def may_be_recovered(
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
