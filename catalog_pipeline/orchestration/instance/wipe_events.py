"""The wipes of an asset, as Dagster records them.

Private parts of Dagster: wipes are recorded under the id of no run, and no public query finds
them. `test_dagster_internals` fails if that changes. Not here: what follows from a wipe
(`checkpoints/wipes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone

import dagster as dg
from dagster._core.events import AssetWipedData
from dagster._core.instance.utils import RUNLESS_RUN_ID

from catalog_pipeline.orchestration.instance.history import Wipe


def wipes_of(
    instance: dg.DagsterInstance, is_wanted: Callable[[dg.AssetKey], bool]
) -> Iterator[Wipe]:
    """The wipes of those assets."""
    for entry in instance.all_logs(RUNLESS_RUN_ID, of_type=dg.DagsterEventType.ASSET_WIPED):
        data = entry.dagster_event.event_specific_data if entry.dagster_event else None
        if isinstance(data, AssetWipedData) and is_wanted(data.asset_key):
            time = datetime.fromtimestamp(entry.timestamp, timezone.utc)
            keys = [None] if data.partition_keys is None else data.partition_keys
            yield from (Wipe(partition, time) for partition in keys)
