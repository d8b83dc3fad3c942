"""Which stored pages today's YAML was found unable to read, by what a run recorded of it.

They are not parsed again in vain: only a download, or another YAML, can help them.
"""

from __future__ import annotations

from collections.abc import Set

from dagster import DagsterEventType, DagsterInstance

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PoisonousPageError
from catalog_pipeline.orchestration.checkpoints.reader import pages_named, read_failures
from catalog_pipeline.orchestration.checkpoints.statuses import standing_failures
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.records import PageFailure

_DANGERS = ("parse_seconds", "parse_memory", PoisonousPageError.kind)


def unreadable_pages(
    instance: DagsterInstance, catalogue: Catalogue, pages: Set[PageKey]
) -> set[PageKey]:
    """Those of the pages whose stored body today's YAML was found unable to read.

    A newer checkpoint ends that, and so does another YAML.
    """
    return {
        page
        for page, failure in _failures(instance, catalogue, pages).items()
        if failure.unread_by == catalogue.code_version
    }


def read_in_vain(
    instance: DagsterInstance, catalogue: Catalogue, pages: Set[PageKey]
) -> set[PageKey]:
    """Those, and the pages that came to a limit or killed whoever read them, by whatever YAML.

    Each of these would cost another time limit, and a download is due for them anyway.
    """
    return {
        page
        for page, failure in _failures(instance, catalogue, pages).items()
        if failure.unread_by == catalogue.code_version or failure.kind in _DANGERS
    }


def _failures(
    instance: DagsterInstance, catalogue: Catalogue, pages: Set[PageKey]
) -> dict[PageKey, PageFailure]:
    """The failures of the pages that no newer checkpoint ends."""
    observed = instance.event_log_storage.get_latest_storage_id_by_partition(
        pages_key(catalogue), DagsterEventType.ASSET_OBSERVATION
    )
    failed_at = {page: observed[name] for name, page in pages_named(catalogue, observed).items()}
    standing = standing_failures(instance, catalogue, failed_at, pages)
    return read_failures(instance, catalogue, standing)
