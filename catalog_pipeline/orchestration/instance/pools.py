"""How many runs of a catalogue Dagster's daemon launches at once: its concurrency pool.

Without a limit of its own a pool has the default of `dagster.yaml`, which is one. Not here: what
keeps runs that are on from each other's pages (`host_leases`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.instance.host_leases import leases_of
from catalog_pipeline.orchestration.names import crawl_pool

if TYPE_CHECKING:
    from dagster import DagsterInstance


def let_pool_follow(instance: DagsterInstance, catalogue: Catalogue) -> None:
    """Give a pool the limit that the YAML says, where more than one run may be on.

    A catalogue for which one suffices keeps what somebody may have set in the web UI.
    """
    if catalogue.runs_at_once == 1 or leases_of(instance) is None:
        return
    storage, pool = instance.event_log_storage, crawl_pool(catalogue.name)
    limits = {each.name: each.limit for each in storage.get_pool_limits() if not each.from_default}
    if limits.get(pool) != catalogue.runs_at_once:
        storage.set_concurrency_slots(pool, catalogue.runs_at_once)
