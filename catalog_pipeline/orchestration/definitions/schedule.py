"""The schedule that refreshes a catalogue: one run over the pages that are due at its tick."""

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.names import CATALOGUE_TAG, pages_key, qualified_name
from catalog_pipeline.orchestration.runs.run_request import crawl_run_config, crawl_run_tags


def build_refresh_schedule(catalogue: Catalogue) -> dg.ScheduleDefinition | None:
    """The refresh schedule, if the catalogue's YAML has one."""
    settings = catalogue.schedule
    if settings is None:
        return None

    def refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        cutoff = context.scheduled_execution_time
        seed_pages(context.instance, catalogue)
        standing = read_standing(context.instance, catalogue, cutoff)
        pages = standing.due
        if not pages and not standing.to_parse and not standing.is_end_due:
            return dg.SkipReason(f"All pages were fetched since {cutoff.isoformat()}.")
        return dg.RunRequest(
            run_key=cutoff.isoformat(),
            run_config=crawl_run_config(catalogue, pages, cutoff, finds=standing.is_end_due),
            tags=crawl_run_tags(catalogue, pages),
            asset_selection=[pages_key(catalogue)],
        )

    return dg.ScheduleDefinition(
        name=f"{qualified_name(catalogue)}_refresh_schedule",
        cron_schedule=settings.cron,
        execution_timezone=settings.timezone,
        target=[pages_key(catalogue)],
        execution_fn=refresh,
        tags={CATALOGUE_TAG: catalogue.name},
        description=(
            "Downloads all pages again that were not fetched since the tick; a refresh that "
            "was cut short goes on with what is left."
        ),
        default_status=(
            dg.DefaultScheduleStatus.RUNNING
            if settings.enabled
            else dg.DefaultScheduleStatus.STOPPED
        ),
    )
