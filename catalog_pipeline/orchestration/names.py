"""Names by which Dagster knows the parts of a catalogue; each is written here and nowhere else."""

from __future__ import annotations

import dagster as dg

CATALOGUE_TAG = "catalog_pipeline/catalogue"
MAX_RETRIES_TAG = "dagster/max_retries"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
STARTED_BY_TAG = "catalog_pipeline/started_by"
COMMAND_LINE = "command line"
DATA_VERSION_TAG = "dagster/data_version"


def pages_key(catalogue: str) -> dg.AssetKey:
    """The asset whose partitions are the listing pages."""
    return dg.AssetKey([catalogue, "product_pages"])


def products_key(catalogue: str) -> dg.AssetKey:
    """The asset that is the Parquet table."""
    return dg.AssetKey([catalogue, "products"])


def pages_step(catalogue: str) -> str:
    """The step (and op) that crawls."""
    return f"{catalogue}__product_pages"


def crawl_pool(catalogue: str) -> str:
    """The concurrency pool that lets one run at a time crawl a catalogue."""
    return f"crawl_{catalogue}"
