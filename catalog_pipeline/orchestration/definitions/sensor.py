"""The automation of the table: a build whenever pages landed that no build has seen.

It compares levels, not edges: the newest page event with the one that the last build started
from. So a page that lands while a table is being built causes one more build.
"""

import time
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages, with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import latest_page_event, read_checkpoints
from catalog_pipeline.orchestration.checkpoints.table_state import why_outdated
from catalog_pipeline.orchestration.instance.liveness import is_run_alive
from catalog_pipeline.orchestration.instance.lost_retries import (
    ask_again_for_retries,
    run_that_awaits_its_retry,
)
from catalog_pipeline.orchestration.instance.pools import let_pool_follow
from catalog_pipeline.orchestration.instance.run_states import UNFINISHED
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    pages_key,
    qualified_name,
    table_keys,
)
from catalog_pipeline.orchestration.runs.other_yaml import asked_for, was_built_by_another_yaml
from catalog_pipeline.orchestration.runs.refusals import (
    FinishedBuild,
    last_finished_build,
    standing_refusal,
    state_of_input,
)
from catalog_pipeline.orchestration.runs.row_ages import row_ages, rows_fresh_now
from catalog_pipeline.showing import as_line

SECONDS_BETWEEN_LOOKS = 5
SECONDS_AFTER_A_FAILURE = 300.0
"""How long a build that failed is left alone, unless somebody builds by hand."""


def build_table_sensor(catalogue: Catalogue) -> dg.SensorDefinition:
    """The sensor that keeps a catalogue's table up to date."""

    @dg.sensor(
        name=f"{qualified_name(catalogue)}_table_sensor",
        target=table_keys(catalogue),
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Rebuilds the table after pages landed, once no crawl is on.",
    )
    def table_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        seed_pages(context.instance, catalogue)
        let_pool_follow(context.instance, catalogue)
        ask_again_for_retries(context.instance, [pages_key(catalogue), *table_keys(catalogue)])
        newest = latest_page_event(context.instance, catalogue)
        if newest is None:
            return dg.SkipReason("No page has been crawled yet.")
        # In this order: a build that ends in between has made the table current.
        run_id = _run_in_progress(context.instance, catalogue)
        if run_id is not None:
            return dg.SkipReason(f"Run {run_id} of this catalogue is in progress.")
        failed_id = run_that_awaits_its_retry(context.instance, [pages_key(catalogue)])
        if failed_id is not None:
            return dg.SkipReason(f"Run {failed_id} of this catalogue is about to be retried.")
        outdated = why_outdated(context.instance, catalogue)
        if outdated is None:
            _tell_aged_rows(context, catalogue, newest)
            return dg.SkipReason("The table holds all pages that have landed.")
        last = last_finished_build(context.instance, catalogue)
        last_run = last.run_id if last is not None else None
        if last is not None and not last.is_good and _is_recent(last):
            return dg.SkipReason(f"The build of run {last_run} failed; trying again later.")
        if standing_refusal(context.instance, catalogue) is not None:
            return dg.SkipReason(f"The table was refused in run {last_run}, and nothing is new.")
        if last is not None and was_built_by_another_yaml(context.instance, catalogue, last):
            return dg.SkipReason(
                f"Run {last_run} has built the table by another YAML than this code location has "
                f"loaded: it was edited. Reload the definitions."
            )
        state = state_of_input(context.instance, catalogue)
        context.log.info(as_line(f"Asking for a build of {catalogue.name}'s table: {outdated}."))
        # Without a selection the run would not say, in the list of runs nor here, what it builds.
        return dg.RunRequest(
            # Dagster runs each key once; a build that came to nothing is to be followed by another.
            run_key=f"{state}/{last_run}",
            tags={CATALOGUE_TAG: catalogue.name, **asked_for(context.instance, catalogue)},
            asset_selection=table_keys(catalogue),
        )

    return table_sensor


def _tell_aged_rows(context: dg.SensorEvaluationContext, catalogue: Catalogue, newest: int) -> None:
    """Let the check of the rows' age fail once a page's rows are stale that no build has seen so.

    The cursor says of which events that was looked at, and when the next page comes to be stale.
    """
    seen, _, stale_at = (context.cursor or "").partition("/")
    now = datetime.now(timezone.utc)
    if seen == str(newest) and (not stale_at or now.timestamp() < float(stale_at)):
        return
    known = with_known_pages(context.instance, catalogue)
    ages = row_ages(known, read_checkpoints(context.instance, known, known.pages), now)
    if ages.stale:
        context.instance.report_runless_asset_event(rows_fresh_now(catalogue, ages))
    next_at = ages.next_stale_at.timestamp() if ages.next_stale_at else ""
    context.update_cursor(f"{newest}/{next_at}")


def _is_recent(build: FinishedBuild) -> bool:
    return time.time() - build.ended_at < SECONDS_AFTER_A_FAILURE


def _run_in_progress(instance: dg.DagsterInstance, catalogue: Catalogue) -> str | None:
    keys = {pages_key(catalogue), *table_keys(catalogue)}
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED)):
        is_ours = run.tags.get(CATALOGUE_TAG) == catalogue.name
        is_ours = is_ours or bool(keys & (run.asset_selection or set()))
        if is_ours and is_run_alive(instance, run):
            return run.run_id
    return None
