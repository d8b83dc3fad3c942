"""What the storages of runs and schedules of this package do otherwise than Dagster's own.

Not here: connections, files and tables, which are each engine's own.
"""

from collections.abc import Mapping

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.schedules import SqlScheduleStorage
from dagster._core.storage.schedules.schema import JobTickTable
from sqlalchemy import select

from catalog_pipeline.orchestration.instance.lost_retries import is_to_be_retried
from catalog_pipeline.orchestration.names import WILL_RETRY_TAG

SKIPS_KEPT = 5
"""How many ticks of a sensor or schedule are kept that came to nothing."""


class RetryKeepingRunStorage(SqlRunStorage):
    """Dagster's run storage, in which a retry that was due remains due."""

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Dagster's own, but a failed run that is to be retried does not cease to be by this alone.

        The daemon says so where no code server answered when it tried, and never looks again.
        Whoever gives a retry up for good says another thing with it (`lost_retries`).
        """
        if dict(new_tags) != {WILL_RETRY_TAG: "false"} or not self._is_to_be_retried(run_id):
            super().add_run_tags(run_id, new_tags)

    def _is_to_be_retried(self, run_id: str) -> bool:
        wanted = dg.RunsFilter(run_ids=[run_id], statuses=[dg.DagsterRunStatus.FAILURE])
        return any(is_to_be_retried(run) for run in self.get_runs(wanted))


class SkipForgettingScheduleStorage(SqlScheduleStorage):
    """Dagster's schedule storage, in which few ticks are kept that came to nothing."""

    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        """Of ticks that came to nothing only the latest are kept: there are twelve a minute."""
        updated = super().update_tick(tick)
        if tick.status == TickStatus.SKIPPED and tick.selector_id:
            self._forget_skips_before(tick.selector_id)
        return updated

    def _forget_skips_before(self, selector_id: str) -> None:
        table = JobTickTable
        skips = (table.c.selector_id == selector_id, table.c.status == TickStatus.SKIPPED.value)
        kept = select(table.c.id).where(*skips).order_by(table.c.id.desc()).limit(SKIPS_KEPT)
        with self.connect() as connection:
            connection.execute(table.delete().where(*skips, table.c.id.not_in(kept)))
