"""One look at a catalogue's history, and which pages are due by it.

The command, `status` and the schedule take such a snapshot and ask it, rather than the instance
again. When a checkpoint no longer makes its page done is decided in `crawling.doneness`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.origins import how_moved
from catalog_pipeline.catalogue.page_key import PageKey, in_order
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.doneness import Doneness
from catalog_pipeline.orchestration.checkpoints.ends import known_end
from catalog_pipeline.orchestration.checkpoints.known_listings import (
    listings_are_due,
    why_not_known,
)
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import (
    latest_page_event,
    pages_recorded_after,
    read_checkpoints,
)
from catalog_pipeline.orchestration.checkpoints.statuses import (
    PageStatuses,
    explain_failures,
    read_statuses,
)
from catalog_pipeline.orchestration.instance.history import History, Source, history_of
from catalog_pipeline.records import ListingEnd, PageFailure, StoredPage
from catalog_pipeline.storing.damage import damages_of
from catalog_pipeline.storing.store import Store
from catalog_pipeline.system.collections_of_garbage import without_collections

_PLACES_NAMED = 3


@dataclass(frozen=True)
class Standing:
    """What a catalogue's history says at one moment, and what is due by it.

    `outdated` are the done pages that are to be downloaded again, `moved` those of them that were
    fetched from another address, with that address. `to_parse` were parsed by another YAML, and
    need no download. `failures` are those of failed pages whose run came to them. `landed` are the
    pages with a checkpoint that an earlier look has not seen; `newest_event` is by what the next
    look tells. `pages` are those that the catalogue has, of its `listings`; where crawls find them,
    `end` is the confirmed end of the listing, and due if there is none, or if it is not known which
    listings the site has (`listings_unknown` says why).
    """

    statuses: PageStatuses
    checkpoints: Mapping[PageKey, StoredPage]
    failures: Mapping[PageKey, PageFailure] = field(default_factory=dict)
    landed: frozenset[PageKey] = frozenset()
    newest_event: int | None = None
    outdated: frozenset[PageKey] = frozenset()
    moved: Mapping[PageKey, str] = field(default_factory=dict)
    to_parse: frozenset[PageKey] = frozenset()
    pages: tuple[PageKey, ...] = ()
    end: ListingEnd | None = None
    is_end_due: bool = False
    listings: tuple[Listing, ...] = ()
    listings_unknown: str | None = None

    @property
    def due(self) -> list[PageKey]:
        """Pages that are missing, failed, in progress in a dead run, or outdated.

        Pages in progress in a living run are not due: that run has them. Those that only need to
        be parsed again are due for no download.
        """
        return in_order({*self.statuses.due, *self.outdated} - self.to_parse)

    @property
    def length_from(self) -> str | None:
        """What says how long a listing is whose pages crawls find; None if nothing does yet."""
        return self.end.signs if self.end is not None else None

    def damaged(self, pages: Set[PageKey], store: Store) -> dict[PageKey, str]:
        """Those of the pages whose stored file is not what their checkpoint says, and why."""
        kept = in_order(pages & self.checkpoints.keys())
        return damages_of([self.checkpoints[page] for page in kept], store)


@without_collections()
def read_standing(
    source: Source,
    catalogue: Catalogue,
    cutoff: datetime | None = None,
    *,
    since: Standing | None = None,
) -> Standing:
    """Where the catalogue stands; with a cut-off, done pages from before it are due.

    `since` is an earlier look, of which `landed` tells the difference.
    """
    history = history_of(source)
    catalogue = with_known_pages(history, catalogue)
    newest = latest_page_event(history, catalogue)
    recorded = read_statuses(history, catalogue, catalogue.pages)
    checkpoints = read_checkpoints(history, catalogue, catalogue.pages)
    statuses = _stored(recorded, checkpoints)
    failures = (
        explain_failures(history, catalogue, statuses, statuses.failed) if statuses.failed else {}
    )
    landed = pages_recorded_after(history, catalogue, since.newest_event) if since else set()
    standing = Standing(statuses, checkpoints, failures, frozenset(landed), newest)
    is_found = catalogue.finds_pages
    end = known_end(history, catalogue, checkpoints, statuses.done) if is_found else None
    if end is not None and _was_being_looked_for(history, end, statuses):
        end = None
    is_old = end is not None and cutoff is not None and end.checked_at < cutoff
    outdated, moved, to_parse = _not_done(catalogue, standing, cutoff)
    return replace(
        standing,
        outdated=frozenset(outdated),
        moved=moved,
        to_parse=frozenset(to_parse),
        pages=catalogue.pages,
        end=end,
        is_end_due=(is_found and (end is None or is_old))
        or listings_are_due(history, catalogue, cutoff),
        listings=catalogue.all_listings,
        listings_unknown=why_not_known(history, catalogue),
    )


def _stored(statuses: PageStatuses, checkpoints: Mapping[PageKey, StoredPage]) -> PageStatuses:
    """The statuses, by which a page that somebody recorded without storing it is missing.

    The web UI's "Report materialization" does that.
    """
    by_others = statuses.done - checkpoints.keys()
    if not by_others:
        return statuses
    return replace(statuses, done=statuses.done - by_others, missing=statuses.missing | by_others)


def _was_being_looked_for(history: History, end: ListingEnd, statuses: PageStatuses) -> bool:
    """Whether a run that began to look after this end was found has left pages.

    Whoever asks for those goes on with its search, too: the listing may be longer by now.
    """
    left_by = {*statuses.interrupted.values(), *statuses.failed.values()}
    runs = [history.run(run_id) for run_id in left_by if run_id is not None]
    found_at = end.checked_at.timestamp()
    return any(run.looks_beyond and (run.started_at or 0) > found_at for run in runs if run)


def _not_done(
    catalogue: Catalogue, standing: Standing, cutoff: datetime | None
) -> tuple[set[PageKey], dict[PageKey, str], set[PageKey]]:
    """The done pages to download again, the address of those that moved, those to parse again."""
    now = datetime.now(timezone.utc)
    outdated: set[PageKey] = set()
    moved: dict[PageKey, str] = {}
    to_parse: set[PageKey] = set()
    unread = _unread_by_another(catalogue, standing)
    doneness = Doneness(catalogue)
    for page in (standing.statuses.done - standing.statuses.interrupted.keys()) | unread:
        not_done = doneness.why_not(standing.checkpoints[page].record, cutoff, now)
        if not_done is None:
            to_parse |= {page} & unread
            continue
        (to_parse if not_done.is_to_parse else outdated).add(page)
        if not_done.is_moved:
            moved[page] = not_done.reason
    return outdated, moved, to_parse


def _unread_by_another(catalogue: Catalogue, standing: Standing) -> set[PageKey]:
    """Failed pages whose stored body another YAML than today's could not read: today's may."""
    readers = (None, catalogue.code_version)
    return {
        page
        for page, failure in standing.failures.items()
        if failure.unread_by not in readers and page in standing.checkpoints
    }


def due_pages(
    source: Source, catalogue: Catalogue, cutoff: datetime | None = None
) -> list[PageKey]:
    """The pages that are due, in order."""
    return read_standing(source, catalogue, cutoff).due


def tell_moved(catalogue: Catalogue, moved: Mapping[PageKey, str]) -> str | None:
    """One sentence about pages that were fetched elsewhere, and how to keep them; None if none."""
    if not moved:
        return None
    first = min(moved)
    places = ", ".join(list(_unique(moved[page] for page in sorted(moved)))[:_PLACES_NAMED])
    more = " and others" if len(set(moved.values())) > _PLACES_NAMED else ""
    pages, were, are = (
        ("page", "was", "It is") if len(moved) == 1 else ("pages", "were", "They are")
    )
    todo = how_moved(catalogue, moved)
    return (
        f"{pages} {format_pages(moved)} {were} fetched from another address ({places}{more}); the "
        f"address of page {first} is {catalogue.page_address(first)} now. {are} due again. "
        f"{todo[:1].upper()}{todo[1:]}"
    )


def _unique(values: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(values)
