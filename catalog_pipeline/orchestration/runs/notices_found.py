"""Which notices there are of a catalogue, by what crawls and builds have left in the event log.

Whether one was sent is none of its business (`notices_log`), nor how (`notify_run`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.conditions import CheckFails, CrawlFails, TableIsStale
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import TableError
from catalog_pipeline.notices.notice import Notice
from catalog_pipeline.notices.of_changes import (
    notices_of_changes,
    products_named,
    rules_met,
    rules_of_changes,
)
from catalog_pipeline.notices.of_failures import (
    FailedCheck,
    notices_of_checks,
    notices_of_crawl,
    notices_of_stale_table,
    rules_about,
)
from catalog_pipeline.orchestration.checkpoints.table_state import NOTICES_KEY
from catalog_pipeline.orchestration.names import (
    BACKFILL_TAG,
    CRAWL_NOTICE_TAG,
    REFUSAL_NOTICE_TAG,
    REFUSED_PAGES_TAG,
    pages_key,
    products_key,
    qualified_name,
)
from catalog_pipeline.orchestration.runs.page_verdicts import PAGE_CHECKS
from catalog_pipeline.orchestration.runs.table_age import last_built, stale_at
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.showing import from_description
from catalog_pipeline.storing.stores import past_of
from catalog_pipeline.tables.quality.verdicts import check_names

LOOK_BACK = timedelta(days=14)
"""How far back crawls and builds are looked at."""
_MOST = 500
_WILL_RETRY_TAG = "dagster/will_retry"


@dataclass(frozen=True)
class _Build:
    """A build of the table as its materialization tells of it."""

    run_id: str
    at: datetime
    marks: Mapping[str, Any]


def find_notices(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    now: datetime,
    on_problem: Callable[[str], object] = lambda told: None,
) -> list[Notice]:
    """All notices of the last days, oldest first; `at` is when they came about.

    `on_problem` is told why those of changes cannot be found, if so; the others are all the same.
    """
    builds = _builds(instance, catalogue, now) if catalogue.notify else []
    found = [
        *_of_changes(catalogue, builds, on_problem),
        *_of_checks(instance, catalogue, builds, now),
        *_of_crawls(instance, catalogue, now),
        *_of_stale_table(instance, catalogue, now),
    ]
    once: dict[str, Notice] = {}
    for notice in found:
        once.setdefault(notice.number, notice)
    return sorted(once.values(), key=lambda notice: notice.at)


def _builds(instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime) -> list[_Build]:
    """The builds that left marks, newest first."""
    wanted = dg.AssetRecordsFilter(
        asset_key=products_key(catalogue), after_timestamp=(now - LOOK_BACK).timestamp()
    )
    builds = []
    for record in instance.fetch_materializations(wanted, limit=_MOST).records:
        made = record.asset_materialization
        marks = made.metadata.get(NOTICES_KEY) if made is not None else None
        if marks is not None and isinstance(marks.value, Mapping):
            builds.append(_Build(record.run_id, _instant(record.timestamp), marks.value))
    return builds


def _of_changes(
    catalogue: Catalogue, builds: Sequence[_Build], on_problem: Callable[[str], object]
) -> Iterator[Notice]:
    # A history that had to be begun anew counts its builds from the start: time tells them apart.
    marks = {tuple(mark["build"]): mark for build in builds if (mark := build.marks.get("changes"))}
    if not marks or not rules_of_changes(catalogue):
        return
    # Arrow is imported where there is something to read.
    from catalog_pipeline.tables.history.naming import names_of
    from catalog_pipeline.tables.history.reading import read_changes

    first = min(number for number, _ in marks)
    try:
        with past_of(catalogue_places(catalogue.name)) as table:
            changes = list(read_changes(table, from_build=first))
    except TableError as error:
        on_problem(f"notices of changes: {error}")
        return
    found = []
    for (number, told), mark in marks.items():
        at = datetime.fromisoformat(told)
        met = rules_met(catalogue, (each for each in changes if each.changed_at == at), number)
        known = [(rule, of_it) for rule, of_it in met if str(rule.condition) in mark["rules"]]
        found.append((number, at, datetime.fromisoformat(mark["since"]), known))
    # Once for all builds, since it may take reading the whole table.
    wanted = {key for *_, met in found for key in products_named(met)}
    names = names_of(catalogue, table, wanted)
    for number, at, since, met in found:
        for notice in notices_of_changes(catalogue, met, number, at, names):
            yield replace(notice, at=since)


def _of_checks(
    instance: dg.DagsterInstance, catalogue: Catalogue, builds: Sequence[_Build], now: datetime
) -> Iterator[Notice]:
    if not rules_about(catalogue, CheckFails):
        return
    for build in builds:
        if mark := build.marks.get("checks"):
            since = datetime.fromisoformat(mark["since"])
            failed = _failed_checks(instance, catalogue, build.run_id)
            for notice in notices_of_checks(catalogue, mark["build"], since, failed):
                if notice.rule in mark["rules"]:
                    yield notice
    declared = {*check_names(catalogue), *PAGE_CHECKS}
    for record in _runs(instance, {REFUSAL_NOTICE_TAG: qualified_name(catalogue)}, now):
        run = record.dagster_run
        # Of other checks such a run only repeats what they had said of the table that stays.
        failed = [
            each
            for each in _failed_checks(instance, catalogue, run.run_id)
            if each.name in declared
        ]
        at = _instant(record.end_time or record.create_timestamp.timestamp())
        yield from notices_of_checks(catalogue, run.tags[REFUSED_PAGES_TAG], at, failed)


def _failed_checks(
    instance: dg.DagsterInstance, catalogue: Catalogue, run_id: str
) -> list[FailedCheck]:
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    assets = (pages_key(catalogue), products_key(catalogue))
    failed: dict[str, FailedCheck] = {}
    for record in instance.get_records_for_run(run_id, of_type=kind).records:
        event = record.event_log_entry.dagster_event
        evaluation = event.asset_check_evaluation_data if event else None
        if evaluation is None or evaluation.asset_key not in assets:
            continue
        failed.pop(evaluation.check_name, None)
        if not evaluation.passed:
            said = evaluation.description
            told = from_description(said) if said else _in_numbers(evaluation)
            failed[evaluation.check_name] = FailedCheck(evaluation.check_name, told)
    return list(failed.values())


def _in_numbers(evaluation: dg.AssetCheckEvaluation) -> str:
    """What a check that says nothing in words has counted."""
    counted = ((name, found.value) for name, found in evaluation.metadata.items())
    return ", ".join(f"{name} {number}" for name, number in counted if isinstance(number, int))


def _of_crawls(
    instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime
) -> Iterator[Notice]:
    """One for each crawl that failed, with its retries and all runs of its backfill."""
    if not rules_about(catalogue, CrawlFails):
        return
    crawls: dict[str, list[dg.RunRecord]] = {}
    for record in _runs(instance, {CRAWL_NOTICE_TAG: qualified_name(catalogue)}, now):
        crawls.setdefault(_crawl_of(record.dagster_run), []).append(record)
    for crawl, records in crawls.items():
        runs = [record.dagster_run for record in records]
        latest = {(run.root_run_id or run.run_id): run for run in reversed(runs)}
        if any(not run.is_finished or _is_retried(run) for run in latest.values()):
            continue
        failed = [run for run in latest.values() if run.status == dg.DagsterRunStatus.FAILURE]
        if failed:
            ended = max(
                record.end_time or record.update_timestamp.timestamp() for record in records
            )
            sentence = "\n".join(_sentence(instance, run) for run in failed)
            yield from notices_of_crawl(catalogue, crawl, _instant(ended), sentence)


def _crawl_of(run: dg.DagsterRun) -> str:
    return run.tags.get(BACKFILL_TAG) or run.root_run_id or run.run_id


def _is_retried(run: dg.DagsterRun) -> bool:
    is_failed = run.status == dg.DagsterRunStatus.FAILURE
    return is_failed and run.tags.get(_WILL_RETRY_TAG) == "true"


def _sentence(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    kind = dg.DagsterEventType.STEP_FAILURE
    for entry in instance.all_logs(run.run_id, of_type=kind):
        event = entry.dagster_event
        data = event.step_failure_data if event else None
        if data is not None and data.user_failure_data is not None:
            return data.user_failure_data.description or ""
    return f"The run {run.run_id} failed outside of its step; the web UI shows its log."


def _of_stale_table(
    instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime
) -> Iterator[Notice]:
    if not rules_about(catalogue, TableIsStale):
        return
    built = last_built(instance, catalogue)
    if built is None:
        return
    due, allowed = stale_at(catalogue, built)
    if due <= now:
        # As long as it is stale there is something to be told, however long ago it came to be.
        for notice in notices_of_stale_table(catalogue, built, due, allowed):
            yield replace(notice, at=max(due, now - timedelta(days=1)))


def _runs(
    instance: dg.DagsterInstance, tags: Mapping[str, str], now: datetime
) -> Sequence[dg.RunRecord]:
    """The runs with tags, newest first."""
    filters = dg.RunsFilter(tags=dict(tags), created_after=now - LOOK_BACK)
    return instance.get_run_records(filters=filters, limit=_MOST)


def _instant(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, tz=timezone.utc)
