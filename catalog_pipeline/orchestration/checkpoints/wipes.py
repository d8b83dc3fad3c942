"""When pages were wiped by hand, so that a wiped page is downloaded and not taken from its file.

Private parts of Dagster: wipes are recorded under the id of no run, and no public query finds
them. `catalog_pipeline_tests` has a test that fails if that changes.
"""

from datetime import datetime, timezone
from functools import cached_property

import dagster as dg
from dagster._core.events import AssetWipedData
from dagster._core.instance.utils import RUNLESS_RUN_ID

from catalog_pipeline.orchestration.names import pages_key


class WipeTimes:
    """Looks the wipes of a catalogue's pages up when it is first asked; most runs never ask."""

    def __init__(self, instance: dg.DagsterInstance, catalogue: str) -> None:
        self._instance = instance
        self._key = pages_key(catalogue)

    def __call__(self, page: int) -> datetime | None:
        """When the page, or the whole asset, was last wiped; None if it never was."""
        times = [time for partition, time in self._wipes if partition in (None, str(page))]
        return max(times, default=None)

    @cached_property
    def _wipes(self) -> list[tuple[str | None, datetime]]:
        """Partition and time of each wipe; a partition of None is the whole asset."""
        found: list[tuple[str | None, datetime]] = []
        for entry in self._instance.all_logs(
            RUNLESS_RUN_ID, of_type=dg.DagsterEventType.ASSET_WIPED
        ):
            data = entry.dagster_event.event_specific_data if entry.dagster_event else None
            if isinstance(data, AssetWipedData) and data.asset_key == self._key:
                time = datetime.fromtimestamp(entry.timestamp, timezone.utc)
                keys = [None] if data.partition_keys is None else data.partition_keys
                found.extend((key, time) for key in keys)
        return found
