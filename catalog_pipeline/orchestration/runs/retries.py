"""What Dagster's retries of a run are good for: pages whose failure may pass, and no others.

Which kinds of failure pass is in `fetching/retry_table`. A run that somebody executes again by hand
asks for all that is due, as whoever did it wants; only the daemon's retries are spared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.fetching.retry_table import is_retried
from catalog_pipeline.orchestration.checkpoints.reader import read_failures, run_created_at
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, RETRY_NUMBER_TAG
from catalog_pipeline.orchestration.runs.order import leave_to_retry
from catalog_pipeline.records import PageFailure


def may_pass(failure: PageFailure) -> bool:
    """Whether asking again, without a change of site or YAML, may give the page."""
    return failure.unread_by is None and is_retried(failure.kind)


def allow_no_retry(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Keep the daemon from launching the run again when it has failed."""
    instance.add_run_tags(run.run_id, {MAX_RETRIES_TAG: "0"})


def allow_retry_for(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    order: Sequence[PageKey],
    failures: Iterable[PageFailure],
) -> None:
    """Let the daemon launch the run again only if one of its failures may pass."""
    hopeful = [failure.page for failure in failures if may_pass(failure)]
    if not hopeful:
        allow_no_retry(instance, run)
    elif run.tags.get(MAX_RETRIES_TAG) != "0":
        leave_to_retry(instance, run, order, hopeful)


def given_up_before(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    run: dg.DagsterRun,
    plan: CrawlPlan,
) -> dict[PageKey, PageFailure]:
    """Those of the due pages of a retry that the run before it gave up for good, and why."""
    if RETRY_NUMBER_TAG not in run.tags:
        return {}
    pages = [page for page, _ in plan.due]
    began = run_created_at(instance, run, catalogue)
    return {
        page: failure
        for page, failure in read_failures(instance, catalogue, pages).items()
        if failure.failed_at >= began and not may_pass(failure)
    }
