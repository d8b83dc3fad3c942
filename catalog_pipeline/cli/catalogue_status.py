"""Where a catalogue stands, in numbers and texts, as `status` shows it.

How it is shown is in `status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.cli.machine_output import failure_as_json
from catalog_pipeline.cli.row_notes import row_sentences
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import PageFailure
from catalog_pipeline.storing.stores import page_store

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.checkpoints.standing import Standing
    from catalog_pipeline.orchestration.instance.history import Source
    from catalog_pipeline.orchestration.instance.lease_shares import LeaseHolder


@dataclass(frozen=True)
class Crawler:
    """A run, or the command, that crawls, and the pages that it has a right to; "" are all.

    `unheard_since` is when it was heard of last, if it has to be asked whether it still crawls.
    """

    run: str
    host: str
    pid: int
    pages: str
    told: str
    unheard_since: datetime | None


@dataclass(frozen=True)
class CatalogueStatus:
    """Where a catalogue stands; times are UTC.

    Stored pages beside those that it has are `unfound` if a crawl may find them, else `outside`;
    of its missing ones those are `unrecorded` that are stored all the same, and not from before a
    wipe.
    `oldest_fetch`, `newest_fetch`, `stale` and `ahead` are of the rows that there are, at this
    moment, whatever became of later attempts.
    """

    catalogue: str
    total: int
    done: int
    failed: int
    in_progress: int
    missing: int
    interrupted: int
    failed_pages: str
    missing_pages: str
    oldest_fetch: datetime | None
    stale: int
    ahead: int
    newest_fetch: datetime | None
    table_rows: int | None
    table: str
    table_problem: str | None
    table_outdated: str | None
    past_problem: str | None
    left_out_pages: str
    moved_pages: str
    moved: str | None
    to_parse_again: int
    pages_to_parse_again: str
    other_history: str | None
    unfound: int
    unfound_pages: str
    outside: int
    outside_pages: str
    outside_in_table: bool
    strange_partitions: tuple[str, ...]
    length: tuple[str, ...]
    length_from: str | None
    failures: tuple[PageFailure, ...]
    run_failures: tuple[str, ...]
    duplicates: int = 0
    merged_rows: Mapping[str, int] = field(default_factory=dict)
    row_notes: tuple[str, ...] = ()
    unrecorded: int = 0
    unrecorded_pages: str = ""
    crawlers: tuple[Crawler, ...] = ()
    failed_checks: tuple[str, ...] = ()


def status_of(source: Source, catalogue: Catalogue, *, with_failures: bool) -> CatalogueStatus:
    """Where a catalogue stands, by what is recorded of it.

    Raises:
        StorageError: its folder cannot be used.
    """
    from catalog_pipeline.crawling.doneness import is_ahead
    from catalog_pipeline.crawling.plan import CutOff, may_be_recovered
    from catalog_pipeline.orchestration.checkpoints.kept_past import damage_of_kept_past
    from catalog_pipeline.orchestration.checkpoints.length import length_verdicts
    from catalog_pipeline.orchestration.checkpoints.other_history import tell_other_history
    from catalog_pipeline.orchestration.checkpoints.standing import read_standing, tell_moved
    from catalog_pipeline.orchestration.checkpoints.table_due import why_table_lacks
    from catalog_pipeline.orchestration.checkpoints.table_state import (
        LastBuild,
        damage_of_build,
        has_other_pages,
        read_last_build,
        unrecorded_table,
    )
    from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
    from catalog_pipeline.orchestration.instance.history import history_of

    standing = read_standing(source, catalogue)
    statuses = standing.statuses
    places = catalogue_places(catalogue.name)
    # Of all pages with rows, also of those whose last try failed: their rows are in the table.
    fetches = [stored.record.fetched_at for stored in standing.checkpoints.values()]
    hours = catalogue.coverage.stale_after_hours
    stale_before = datetime.now(timezone.utc) - timedelta(hours=hours)
    failures = standing.failures if with_failures else {}
    recorded = read_last_build(source, catalogue)
    built = recorded or LastBuild()
    is_ours = recorded is None or built.rows is not None
    is_recorded = recorded is not None and is_ours
    problem = damage_of_build(catalogue, built) if is_recorded else unrecorded_table(catalogue)
    is_quiet = not statuses.in_progress and not standing.to_parse and not problem
    outdated = (
        why_table_lacks(source, catalogue, standing, recorded) if is_quiet and is_ours else None
    )
    # Where the table is said to be not of today, it is among the reasons.
    past = damage_of_kept_past(catalogue, recorded) if problem or not is_quiet else None
    endless = {each.name: each for each in standing.listings if each.last_number is None}
    unfound = {
        page
        for page in statuses.outside
        if page.listing in endless and endless[page.listing].may_have(page.number)
    }
    outside = statuses.outside - unfound
    stored = page_store(places).newest() if statuses.missing else {}
    now, wiped_at = datetime.now(timezone.utc), WipeTimes(source, catalogue)
    unrecorded = {
        page
        for page in statuses.missing & stored.keys()
        if may_be_recovered(stored[page], None, CutOff(now), wiped_at, now)
    }
    return CatalogueStatus(
        catalogue=catalogue.name,
        total=len(standing.pages),
        done=len(statuses.done),
        failed=len(statuses.failed),
        in_progress=len(statuses.in_progress),
        missing=len(statuses.missing),
        interrupted=len(statuses.interrupted),
        failed_pages=format_pages(statuses.failed),
        missing_pages=format_pages(statuses.missing),
        oldest_fetch=min(fetches, default=None),
        stale=sum(fetched_at < stale_before for fetched_at in fetches),
        ahead=sum(is_ahead(fetched_at, now) for fetched_at in fetches),
        newest_fetch=max(fetches, default=None),
        table_rows=None if problem else built.rows,
        table=places.told(places.table),
        table_problem=problem,
        table_outdated=outdated,
        past_problem=past,
        left_out_pages=format_pages(built.left_out.keys() & statuses.done),
        moved_pages=format_pages(standing.moved),
        moved=tell_moved(catalogue, standing.moved),
        to_parse_again=len(standing.to_parse),
        pages_to_parse_again=format_pages(standing.to_parse),
        other_history=tell_other_history(source, catalogue),
        unfound=len(unfound),
        unfound_pages=format_pages(unfound),
        outside=len(outside),
        outside_pages=format_pages(outside),
        outside_in_table=bool(outside) and has_other_pages(built, standing.pages),
        strange_partitions=tuple(sorted(statuses.strange)),
        length=length_verdicts(catalogue, standing, built),
        length_from=standing.length_from,
        failures=tuple(failures[page] for page in sorted(failures)),
        run_failures=_of_runs(source, standing) if with_failures else (),
        duplicates=built.duplicates,
        merged_rows=built.merged,
        row_notes=row_sentences(catalogue, built.duplicates, built.merged, built.row_notes),
        unrecorded=len(unrecorded),
        unrecorded_pages=format_pages(unrecorded),
        crawlers=_crawlers(history_of(source).crawlers(catalogue.name), statuses.in_progress),
        failed_checks=built.failed_checks,
    )


def _crawlers(
    holders: Iterable[LeaseHolder], in_progress: Mapping[PageKey, str]
) -> tuple[Crawler, ...]:
    """Those who crawl, and who is gone from pages that are in progress by what is recorded."""
    left = set(in_progress)
    found: list[Crawler] = []
    for holder in sorted(holders, key=lambda each: not each.has_it):
        theirs = left if holder.pages is None else left & holder.pages
        if holder.has_it or theirs:
            found.append(_crawler(holder))
        left -= theirs
    return tuple(found)


def _of_runs(source: Source, standing: Standing) -> tuple[str, ...]:
    """Why the runs failed that did not come to pages that count as failed."""
    from catalog_pipeline.orchestration.instance.history import history_of

    failed = standing.statuses.failed
    runs = {failed[page] for page in failed.keys() - standing.failures.keys()} - {None}
    facts = [history_of(source).run(str(run_id)) for run_id in sorted(map(str, runs))]
    return tuple(dict.fromkeys(each.failed_for for each in facts if each and each.failed_for))


def _crawler(holder: LeaseHolder) -> Crawler:
    pages = format_pages(holder.pages or ())
    return Crawler(holder.holder, holder.host, holder.pid, pages, holder.told, holder.unheard_since)


def status_as_json(status: CatalogueStatus) -> dict[str, Any]:
    """The same for machines."""
    oldest, newest = status.oldest_fetch, status.newest_fetch
    told = asdict(status)
    del told["moved"]
    return {
        **told,
        "oldest_fetch": oldest.isoformat() if oldest else None,
        "newest_fetch": newest.isoformat() if newest else None,
        "crawlers": [_crawler_as_json(crawler) for crawler in status.crawlers],
        "failures": [failure_as_json(failure) for failure in status.failures],
    }


def _crawler_as_json(crawler: Crawler) -> dict[str, Any]:
    since = crawler.unheard_since
    return {**asdict(crawler), "unheard_since": since.isoformat() if since else None}
