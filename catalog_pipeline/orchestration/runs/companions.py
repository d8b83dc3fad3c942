"""The other runs of a backfill that wait while one of them crawls, and whose pages it takes along.

Dagster makes one run of each contiguous range of a backfill's pages; a process for each would take
most of the time. Not here: which pages a run has of its own (`order`), how a run is ended from
outside (`instance/run_endings`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.errors import PageKeyError
from catalog_pipeline.orchestration.instance.run_endings import end_in_failure, end_well
from catalog_pipeline.orchestration.names import BACKFILL_TAG, RANGE_END_TAG, RANGE_START_TAG
from catalog_pipeline.orchestration.runs.failure_reasons import reasons_of
from catalog_pipeline.records import PageFailure
from catalog_pipeline.showing import as_line, as_lines


@dataclass(frozen=True)
class Companion:
    """A run of the same backfill that waits in the queue, and its pages."""

    run_id: str
    pages: frozenset[PageKey]


def waiting_companions(
    instance: dg.DagsterInstance, run: dg.DagsterRun, catalogue: Catalogue, own: Collection[PageKey]
) -> tuple[Companion, ...]:
    """Those that ask for the same as `run`, of other pages: no more than one run may have."""
    backfill = run.tags.get(BACKFILL_TAG)
    if backfill is None:
        return ()
    filters = dg.RunsFilter(tags={BACKFILL_TAG: backfill}, statuses=[dg.DagsterRunStatus.QUEUED])
    found: list[Companion] = []
    count, most = len(own), catalogue.pages_per_run
    for other in instance.get_runs(filters, ascending=True):
        if _asked(other) != _asked(run):
            continue
        pages = _pages_of(other, catalogue)
        if pages and (most is None or count + len(pages) <= most):
            count += len(pages)
            found.append(Companion(other.run_id, pages))
    return tuple(found)


def end_companions(
    instance: dg.DagsterInstance,
    companions: Iterable[Companion],
    leader: str,
    came: Set[PageKey],
    failures: Iterable[PageFailure],
) -> None:
    """End those runs whose pages have all come or failed; the others go on waiting."""
    failed = {failure.page: failure for failure in failures}
    for companion in companions:
        if companion.pages <= came | failed.keys():
            theirs = [failed[page] for page in sorted(companion.pages & failed.keys())]
            _end(instance, companion, leader, list(reasons_of(theirs)))


def give_up_companions(
    instance: dg.DagsterInstance, companions: Iterable[Companion], leader: str, why: Exception
) -> None:
    """End them all, since they would run into the same."""
    for companion in companions:
        _end(instance, companion, leader, [str(why)])


def _end(
    instance: dg.DagsterInstance, companion: Companion, leader: str, reasons: Sequence[str]
) -> None:
    run = instance.get_run_by_id(companion.run_id)
    if run is None or run.status != dg.DagsterRunStatus.QUEUED:
        return
    taken = f"Run {leader} of this backfill took pages {format_pages(companion.pages)} along."
    if reasons:
        end_in_failure(instance, run, as_lines("\n".join(map(as_line, [taken, *reasons]))))
    else:
        end_well(instance, run, as_line(taken))


def _asked(run: dg.DagsterRun) -> tuple[object, ...]:
    return run.job_name, frozenset(run.asset_selection or ()), repr(run.run_config)


def _pages_of(run: dg.DagsterRun, catalogue: Catalogue) -> frozenset[PageKey]:
    """The pages of a run's range; none if the catalogue has not both ends of it."""
    try:
        first, last = (PageKey.parse(run.tags[tag]) for tag in (RANGE_START_TAG, RANGE_END_TAG))
    except (KeyError, PageKeyError):
        return frozenset()
    pages = frozenset(page for page in catalogue.pages if first <= page <= last)
    return pages if {first, last} <= pages else frozenset()
