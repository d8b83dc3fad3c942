"""Which status each page of a catalogue has, by its checkpoints, its failures and its runs.

What is due by them is decided in `standing`; checkpoints and failures are read by `reader`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey, in_order
from catalog_pipeline.orchestration.checkpoints.reader import (
    pages_named,
    read_failures,
    runs_of_failures,
)
from catalog_pipeline.orchestration.instance.history import (
    MATERIALIZATION,
    OBSERVATION,
    History,
    Source,
    history_of,
)
from catalog_pipeline.orchestration.names import pages_path
from catalog_pipeline.records import PageFailure


@dataclass(frozen=True)
class PageStatuses:
    """Every page of a catalogue is in exactly one of these, as the contract defines them.

    A page's failure stands until it has a newer checkpoint, and is seen while its run goes on.
    `failed` and `in_progress` name the run, `failed` only if it is the page's latest;
    `interrupted` are the pages of `missing` and `done` whose last run died without a word.
    Beside them `outside` are pages with a checkpoint that are none of those asked for, as after the
    YAML's last page was lowered, and `strange` the partitions of the history that name no page.
    """

    done: frozenset[PageKey]
    failed: Mapping[PageKey, str | None]
    in_progress: Mapping[PageKey, str]
    missing: frozenset[PageKey]
    interrupted: Mapping[PageKey, str]
    strange: frozenset[str] = frozenset()
    outside: frozenset[PageKey] = frozenset()

    @property
    def due(self) -> list[PageKey]:
        """Pages to crawl when no cut-off is given: missing, failed, or left by a dead run."""
        return in_order({*self.missing, *self.failed, *self.interrupted})


def read_statuses(source: Source, catalogue: Catalogue, pages: Iterable[PageKey]) -> PageStatuses:
    """The status of each of the given pages."""
    history, path = history_of(source), pages_path(catalogue)
    wanted = set(pages)
    recorded = history.latest_ids(path, MATERIALIZATION).keys()
    pages_recorded = pages_named(catalogue, recorded)
    materialized = set(pages_recorded.values())
    attempts = history.attempts(path)
    planned = pages_named(catalogue, attempts)
    observed = history.latest_ids(path, OBSERVATION)
    pages_observed = pages_named(catalogue, observed)
    failed_at = {page: observed[partition] for partition, page in pages_observed.items()}
    run_of = {page: attempts[partition] for partition, page in planned.items() if page in wanted}
    fates = {run_id: _fate(history, run_id) for run_id in set(run_of.values())}
    by_fate: dict[str, dict[PageKey, str]] = {"failed": {}, "alive": {}, "dead": {}, "over": {}}
    for page, run_id in run_of.items():
        by_fate[fates[run_id]][page] = run_id
    failed: dict[PageKey, str | None] = {**by_fate["failed"]}
    in_progress, interrupted = by_fate["alive"], by_fate["dead"]
    standing = standing_failures(history, catalogue, failed_at, wanted - failed.keys())
    for page, run_id in standing.items():
        if page not in in_progress:
            failed[page] = None
            interrupted.pop(page, None)
        elif run_id == in_progress[page]:
            # Where it failed in another run, the one that announced it has yet to try it.
            failed[page] = in_progress.pop(page)
    done = (materialized & wanted) - failed.keys() - in_progress.keys()
    missing = wanted - materialized - failed.keys() - in_progress.keys()
    strange = {*recorded, *attempts, *observed}
    strange -= pages_recorded.keys() | planned.keys() | pages_observed.keys()
    return PageStatuses(
        done=frozenset(done),
        failed=failed,
        in_progress=in_progress,
        missing=frozenset(missing),
        interrupted=interrupted,
        strange=frozenset(strange),
        outside=frozenset(materialized - wanted),
    )


def standing_failures(
    source: Source,
    catalogue: Catalogue,
    failed_at: Mapping[PageKey, int],
    pages: Set[PageKey],
) -> dict[PageKey, str]:
    """The pages whose failure, the event `failed_at`, is newer than their checkpoint, and its run.

    Whatever run came after it, cancelled, dead or never begun, has not mended the page.
    """
    if not failed_at:
        return {}
    done_at = history_of(source).latest_ids(pages_path(catalogue), MATERIALIZATION)
    standing = {
        page for page, at in failed_at.items() if page in pages and at > done_at.get(str(page), 0)
    }
    # Others may report observations too; only ours are failures.
    return runs_of_failures(source, catalogue, standing)


def _fate(history: History, run_id: str) -> str:
    """What became of a run that planned pages and did not record them."""
    run = history.run(run_id)
    if run is None or run.came_to_nothing or run.status == "SUCCESS":
        return "over"
    if run.status == "FAILURE":
        return "failed"
    return "alive" if history.is_alive(run_id) else "dead"


def explain_failures(
    source: Source,
    catalogue: Catalogue,
    statuses: PageStatuses,
    pages: Iterable[PageKey],
) -> dict[PageKey, PageFailure]:
    """Why the failed ones among the pages failed.

    A page that its run never came to has no failure of that run, and is not in the answer.
    """
    history = history_of(source)
    failed = statuses.failed.keys() & set(pages)
    runs = {run_id for run_id in statuses.failed.values() if run_id is not None}
    began: dict[str | None, float] = {run_id: _began_at(history, run_id) for run_id in runs}
    return {
        page: failure
        for page, failure in read_failures(history, catalogue, failed).items()
        if failure.failed_at.timestamp() >= began.get(statuses.failed[page], 0.0)
    }


def _began_at(history: History, run_id: str) -> float:
    """When the run, or the one that it is a retry of, began: a retry leaves out what is in vain."""
    run = history.run(run_id)
    if run is not None and run.root_run_id not in (None, run_id):
        run = history.run(str(run.root_run_id)) or run
    return run.started_at or 0.0 if run is not None else 0.0
