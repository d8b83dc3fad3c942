"""The checks of `product_pages`: told by each crawl when it ends, however it ends.

What they come to is decided in `page_verdicts`; which table a failed one keeps out, in `table_run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.statuses import (
    PageStatuses,
    explain_failures,
    read_statuses,
)
from catalog_pipeline.orchestration.instance.run_endings import report_check
from catalog_pipeline.orchestration.names import DISCOVERS_TAG, LOOKS_BEYOND_TAG, pages_key
from catalog_pipeline.orchestration.runs.declared_checks import result_of
from catalog_pipeline.orchestration.runs.ending import problems_of
from catalog_pipeline.orchestration.runs.outputs import evaluation_of
from catalog_pipeline.orchestration.runs.page_verdicts import (
    ALL_KNOWN,
    ALL_KNOWN_DESCRIPTION,
    DESCRIPTIONS,
    NOT_FAILED,
    all_known,
    no_repeats,
    not_empty,
    not_failed,
)
from catalog_pipeline.verdict import Verdict

_RECORDS_READ = 100
"""Of a check; runs that a backfill made together begin one after the other."""


def page_specs(catalogue: Catalogue) -> Iterator[dg.AssetCheckSpec]:
    """The checks of the pages."""
    described = dict(DESCRIPTIONS)
    if not catalogue.is_fixed:
        described[ALL_KNOWN] = ALL_KNOWN_DESCRIPTION
    refusing = refusing_checks(catalogue)
    for name, description in described.items():
        yield dg.AssetCheckSpec(
            name, asset=pages_key(catalogue), description=description, blocking=name in refusing
        )


def refusing_checks(catalogue: Catalogue) -> list[str]:
    """Those of these checks that keep a table out when they fail."""
    checks = catalogue.checks
    refusing = {NOT_FAILED: checks.failed_pages is not None, ALL_KNOWN: not catalogue.is_fixed}
    return [
        name for name, is_demanded in refusing.items() if is_demanded and checks.keeps_old_table
    ]


def page_results(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    gave_up: str | None = None,
    problems: Sequence[str] | None = (),
) -> list[dg.AssetCheckResult]:
    """What they come to now; a crawl that `gave_up` says why it did not come to some pages.

    `problems` are why it does not know all pages; None if nobody can say whether it does.
    """
    instance, run_id = context.instance, context.run.run_id
    catalogue = with_known_pages(instance, catalogue)
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    failed = {*statuses.failed}
    if gave_up is not None:
        failed |= {page for page, of in statuses.in_progress.items() if of == run_id}
    failures = explain_failures(instance, catalogue, statuses, failed)
    checkpoints = read_checkpoints(instance, catalogue, statuses.done)
    verdicts = [
        not_failed(catalogue, failed, failures, *([gave_up] if gave_up else [])),
        no_repeats(checkpoints, failures),
        not_empty(checkpoints),
    ]
    results = [result_of(catalogue, each) for each in verdicts]
    if not catalogue.is_fixed:
        results.append(_all_known(context, catalogue, problems))
    return results


def _all_known(
    context: dg.AssetExecutionContext, catalogue: Catalogue, problems: Sequence[str] | None
) -> dg.AssetCheckResult:
    """What a crawl that looked for pages says, or what the last one that did has said."""
    run = context.instance.get_run_by_id(context.run.run_id)
    has_looked = run is not None and {LOOKS_BEYOND_TAG, DISCOVERS_TAG} & run.tags.keys()
    last = _last_all_known(context.instance, catalogue)
    if problems is not None and (has_looked or problems):
        return result_of(catalogue, all_known(problems))
    if last is None:
        return dg.AssetCheckResult(
            check_name=ALL_KNOWN, passed=True, description="No crawl has looked for pages yet."
        )
    return dg.AssetCheckResult(
        check_name=ALL_KNOWN,
        passed=last.passed,
        severity=last.severity,
        description=last.description,
        metadata=last.metadata,
    )


def _last_all_known(
    instance: dg.DagsterInstance, catalogue: Catalogue
) -> dg.AssetCheckEvaluation | None:
    key = dg.AssetCheckKey(pages_key(catalogue), ALL_KNOWN)
    history = instance.event_log_storage.get_asset_check_execution_history
    told = (record.evaluation for record in history(key, limit=_RECORDS_READ))
    return next((each for each in told if isinstance(each, dg.AssetCheckEvaluation)), None)


def pages_refused(
    instance: dg.DagsterInstance, catalogue: Catalogue, statuses: PageStatuses
) -> list[Verdict]:
    """Why no table is to be made of the pages as they are; empty if the YAML does not say so."""
    refusing = refusing_checks(catalogue)
    verdicts = []
    if NOT_FAILED in refusing:
        failures = explain_failures(instance, catalogue, statuses, statuses.failed)
        verdicts.append(not_failed(catalogue, statuses.failed.keys(), failures))
    last = _last_all_known(instance, catalogue) if ALL_KNOWN in refusing else None
    if last is not None and not last.passed:
        verdicts.append(all_known(_problems_of(last)))
    return [each for each in verdicts if not each.passed]


def what_refuses_pages(instance: dg.DagsterInstance, catalogue: Catalogue) -> list[Any]:
    """What `pages_refused` goes by, to be compared; empty if the YAML lets no page refuse a table.

    A page that fails, and an end that is found at last, leave no checkpoint.
    """
    refusing = refusing_checks(catalogue)
    described: list[Any] = []
    if NOT_FAILED in refusing:
        known = with_known_pages(instance, catalogue)
        described.append(sorted(map(str, read_statuses(instance, known, known.pages).failed)))
    if ALL_KNOWN in refusing:
        last = _last_all_known(instance, catalogue)
        described.append(last is None or last.passed)
    return described


def _problems_of(evaluation: dg.AssetCheckEvaluation) -> list[str]:
    told: Any = evaluation.metadata["examples"].value
    return [str(each["problem"]) for each in told]


@contextmanager
def pages_told(context: dg.AssetExecutionContext, catalogue: Catalogue) -> Iterator[None]:
    """Let the checks be told also of a crawl that does not end well."""
    try:
        yield
    except (dg.Failure, dg.DagsterExecutionInterruptedError) as error:
        gave_up, problems = None, None
        if isinstance(error, dg.Failure):
            gave_up, problems = error.description, problems_of(error)
        results = page_results(context, catalogue, gave_up, problems)
        for each in results:
            context.log_event(evaluation_of(pages_key(catalogue), each))
        tell_companions(context, catalogue, results)
        raise


def tell_companions(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    results: list[dg.AssetCheckResult],
) -> None:
    """Say the same for later runs that are over and did not: those that were taken along.

    Dagster shows of a check what the run says that was made last.
    """
    instance, run_id = context.instance, context.run.run_id
    for result in results:
        evaluation = evaluation_of(pages_key(catalogue), result)
        history = instance.event_log_storage.get_asset_check_execution_history
        for record in history(evaluation.asset_check_key, limit=_RECORDS_READ):
            if record.run_id == run_id:
                break
            run = instance.get_run_by_id(record.run_id)
            # What it has until then is the event that it was planned.
            is_told = isinstance(record.evaluation, dg.AssetCheckEvaluation)
            if not is_told and run is not None and run.is_finished:
                report_check(instance, run, evaluation)
