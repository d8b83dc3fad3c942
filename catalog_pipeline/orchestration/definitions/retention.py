"""The schedule that removes once a day what a catalogue needs no more.

What is removed is known to `runs.pruning`, which does it for the command, too.
"""

from datetime import datetime, timezone
from hashlib import sha256

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, RETENTION_TAG, qualified_name
from catalog_pipeline.orchestration.runs.pruning import Pruned, prune
from catalog_pipeline.showing import as_line
from catalog_pipeline.wording import counted


def build_retention_schedule(catalogue: Catalogue) -> dg.ScheduleDefinition:
    """The schedule of a catalogue, with its job; it is on from the start."""
    job = _job(catalogue)

    def ask(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = datetime.now(timezone.utc)
        if prune(context.instance, [catalogue], now, dry_run=True).is_nothing:
            return dg.SkipReason("There is nothing to remove.")
        return dg.RunRequest()

    return dg.ScheduleDefinition(
        name=f"{qualified_name(catalogue)}_retention_schedule",
        job=job,
        cron_schedule=f"{_minute(catalogue)} 3 * * *",
        execution_fn=ask,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Removes what is older than `retention` in the YAML says, if there is any.",
    )


def _job(catalogue: Catalogue) -> dg.JobDefinition:
    name = qualified_name(catalogue)

    @dg.op(name=f"{name}__retention")
    def remove_what_is_old(context: dg.OpExecutionContext) -> None:
        report = prune(
            context.instance,
            [catalogue],
            datetime.now(timezone.utc),
            on_wait=lambda: context.log.info("Somebody else is removing what is old; waiting."),
        )
        for each in (*report.catalogues, report.own_runs):
            if not each.is_nothing:
                context.log.info(as_line(f"{each.name}: {_sentence(each)}."))
            if each.waits_for is not None:
                context.log.info(as_line(f"{each.name} is in use by {each.waits_for}."))
        for note in report.notes:
            context.log.warning(as_line(note))
        taken, before = report.bytes_after or 0, report.bytes_before
        context.log.info(as_line(f"Dagster's home takes {taken:,} bytes; it was {before:,}."))

    @dg.job(
        name=f"{name}_retention_job",
        tags={RETENTION_TAG: name, MAX_RETRIES_TAG: "0"},
        executor_def=dg.in_process_executor,
        description="Removes old runs, superseded events and files that no page needs.",
    )
    def retention_job() -> None:
        remove_what_is_old()

    return retention_job


def _minute(catalogue: Catalogue) -> int:
    """Not all catalogues of an instance at once."""
    return int.from_bytes(sha256(qualified_name(catalogue).encode()).digest()[:4], "big") % 60


def _sentence(pruned: Pruned) -> str:
    amounts = {
        "run": pruned.runs,
        "event": pruned.events,
        "superseded event": pruned.superseded,
        "page file": pruned.page_files,
        "left-over file": pruned.left_overs,
    }
    parts = [counted(amount.count, what) for what, amount in amounts.items() if amount.count]
    return f"{', '.join(parts)} removed"
