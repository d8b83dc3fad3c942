"""Which stored pages today's YAML was found unable to read, by what a run recorded of it.

They are not parsed again in vain: only a download, or another YAML, can help them.
"""

from __future__ import annotations

from collections.abc import Set

from dagster import DagsterEventType, DagsterInstance

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import pages_named, read_failures
from catalog_pipeline.orchestration.checkpoints.statuses import standing_failures
from catalog_pipeline.orchestration.names import pages_key


def unreadable_pages(
    instance: DagsterInstance, catalogue: Catalogue, pages: Set[PageKey]
) -> set[PageKey]:
    """Those of the pages whose stored body today's YAML was found unable to read.

    A newer checkpoint ends that, and so does another YAML.
    """
    observed = instance.event_log_storage.get_latest_storage_id_by_partition(
        pages_key(catalogue), DagsterEventType.ASSET_OBSERVATION
    )
    failed_at = {page: observed[name] for name, page in pages_named(catalogue, observed).items()}
    standing = standing_failures(instance, catalogue, failed_at, pages)
    failures = read_failures(instance, catalogue, standing)
    return {
        page for page, failure in failures.items() if failure.unread_by == catalogue.code_version
    }
