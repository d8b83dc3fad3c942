"""Whether the table holds everything that has landed; sensor and command line ask the same."""

from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.orchestration.checkpoints.reader import latest_page_event
from catalog_pipeline.orchestration.names import pages_key, products_key
from catalog_pipeline.places import catalogue_places

BUILT_FROM_KEY = "built_from_event"
"""Metadata key of a table: the newest page event that its build had seen."""
PAGES_KEY = "pages"
"""Metadata key of a table: the pages that the catalogue had, as text."""
CHECKPOINTS_KEY = "pages_with_checkpoint"
"""Metadata key of a table: how many of those pages had a checkpoint."""


def table_is_current(instance: dg.DagsterInstance, catalogue: Catalogue) -> bool:
    """Whether a build now would see just what the last one saw.

    New checkpoints, wiped pages, and a catalogue that grew or shrank all make it outdated.
    """
    if not catalogue_places(catalogue.name).table.exists():
        return False
    last_build = _metadata_of_last_build(instance, catalogue)
    newest = latest_page_event(instance, catalogue.name)
    seen = last_build.get(BUILT_FROM_KEY)
    if newest is None or seen is None or newest > seen:
        return False
    return (
        last_build.get(PAGES_KEY) == format_pages(catalogue.pages)
        and last_build.get(CHECKPOINTS_KEY) == checkpoint_count(instance, catalogue)
        and last_build.get("code_version") == catalogue.code_version
    )


def table_rows(instance: dg.DagsterInstance, catalogue: Catalogue) -> int | None:
    """Rows of the table that is there, as its build recorded them."""
    if not catalogue_places(catalogue.name).table.exists():
        return None
    rows: int | None = _metadata_of_last_build(instance, catalogue).get("dagster/row_count")
    return rows


def checkpoint_count(instance: dg.DagsterInstance, catalogue: Catalogue) -> int:
    """How many of the catalogue's pages have a checkpoint."""
    partitions = instance.get_materialized_partitions(pages_key(catalogue.name))
    return sum(str(page) in partitions for page in catalogue.pages)


def _metadata_of_last_build(instance: dg.DagsterInstance, catalogue: Catalogue) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(products_key(catalogue.name))
    materialization = event.asset_materialization if event else None
    if materialization is None:
        return {}
    return {key: value.value for key, value in materialization.metadata.items()}
