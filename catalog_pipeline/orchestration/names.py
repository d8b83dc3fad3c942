"""Names by which Dagster knows the parts of a catalogue; each is written here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from catalog_pipeline.catalogue.exports import Export
from catalog_pipeline.catalogue.model import Catalogue

if TYPE_CHECKING:
    import dagster as dg

KeyPath: TypeAlias = tuple[str, ...]
"""The parts of an asset's key."""

CATALOGUE_TAG = "catalog_pipeline/catalogue"
MAX_RETRIES_TAG = "dagster/max_retries"
RETRY_NUMBER_TAG = "dagster/retry_number"
WILL_RETRY_TAG = "dagster/will_retry"
RETRIED_BY_TAG = "dagster/auto_retry_run_id"
RETRY_ASKED_TAG = "catalog_pipeline/retry_asked"
"""Tag of a failed run: how often the daemon was asked again for a retry that it did not launch."""
PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
BACKFILL_TAG = "dagster/backfill"
ORDER_TAG = "catalog_pipeline/pages"
"""Tag of a run that is to be retried: all the pages that it and its retries are to get."""
OWN_RANGE_TAG = "catalog_pipeline/range"
"""Tag of such a run: the range that it was created with, while its retry is not under way."""
STARTED_BY_TAG = "catalog_pipeline/started_by"
REFUSED_TAG = "catalog_pipeline/refused"
ASKED_FOR_TAG = "catalog_pipeline/asked_for"
"""Tag of a run whose table was refused: what it was built of."""
LOOKS_BEYOND_TAG = "catalog_pipeline/looks_beyond"
"""Tag of a run that looks for pages: the number of the last one that was known when it began."""
FAILED_FOR_TAG = "catalog_pipeline/failed_for"
"""Tag of a run that failed as a whole: its id, which its retries do not have, and the reason."""
DISCOVERS_TAG = "catalog_pipeline/discovers"
"""Tag of a run that asks for the site's listings: the names of those that were known before."""
DISCOVER_PARTITION = "discover"
"""Partition to launch while no listing is known; it is that of no page."""
COMMAND_LINE = "command line"
DATA_VERSION_TAG = "dagster/data_version"
CODE_VERSION_TAG = "dagster/code_version"
RETENTION_TAG = "catalog_pipeline/retention"
"""Tag of a run that removes what is old."""
EXPORTS_TAG = "catalog_pipeline/exports"
"""Tag of a run that only exports, which is no build: the name of the catalogue's group."""
NOTICES_TAG = "catalog_pipeline/notices"
"""Tag of a run that only sends notices: the name of the catalogue's group."""
CRAWL_NOTICE_TAG = "catalog_pipeline/notice_of_crawl"
"""Tag of a crawl of which notice is given if it fails: the name of the catalogue's group."""
REFUSAL_NOTICE_TAG = "catalog_pipeline/notice_of_refusal"
"""Tag of a run whose table its checks refused, of which notice is given: the catalogue's group."""
REFUSED_PAGES_TAG = "catalog_pipeline/refused_pages"
"""Tag of such a run: a digest of the pages that the table was built of."""


def pages_key(catalogue: Catalogue) -> dg.AssetKey:
    """The asset whose partitions are the listing pages."""
    return _key(pages_path(catalogue))


def pages_path(catalogue: Catalogue) -> KeyPath:
    """The parts of its key."""
    return (*catalogue.key_prefix, *_plain_pages_path(catalogue.name))


def products_key(catalogue: Catalogue) -> dg.AssetKey:
    """The asset that is the Parquet table."""
    return _key(products_path(catalogue))


def products_path(catalogue: Catalogue) -> KeyPath:
    """The parts of its key."""
    return _path(catalogue, "products")


def listings_key(catalogue: Catalogue) -> dg.AssetKey:
    """What is recorded of the listings that the site names."""
    return _key(listings_path(catalogue))


def listings_path(catalogue: Catalogue) -> KeyPath:
    """The parts of its key."""
    return _path(catalogue, "listings")


def history_key(catalogue: Catalogue) -> dg.AssetKey:
    """The asset that is the Parquet table of periods, where the catalogue keeps its past."""
    return _key(_path(catalogue, "history"))


def changes_key(catalogue: Catalogue) -> dg.AssetKey:
    """The asset that is the Parquet table of changes, where the catalogue keeps its past."""
    return _key(_path(catalogue, "changes"))


def table_keys(catalogue: Catalogue) -> list[dg.AssetKey]:
    """The assets that a build makes: the table, and what is kept of the past."""
    past = [history_key(catalogue), changes_key(catalogue)] if catalogue.history else []
    return [products_key(catalogue), *past]


def export_key(catalogue: Catalogue, export: Export) -> dg.AssetKey:
    """The asset that is the table, or what is kept of its past, in another format."""
    return _key(_path(catalogue, export.asset_name))


def notices_key(catalogue: Catalogue) -> dg.AssetKey:
    """What is recorded of the notices that were sent, or could not be."""
    return _key(_path(catalogue, "notices"))


def exported_key(catalogue: Catalogue, export: Export) -> dg.AssetKey:
    """The asset that an export writes in another format."""
    keys = {"table": products_key, "history": history_key, "changes": changes_key}
    return keys[export.what](catalogue)


def own_keys(catalogue: Catalogue) -> list[dg.AssetKey]:
    """All assets of a catalogue, whether its YAML has them now or not, and its exports of today."""
    plain = (pages_key, products_key, listings_key, history_key, changes_key, notices_key)
    exports = [export_key(catalogue, export) for export in catalogue.exports]
    return [*(key(catalogue) for key in plain), *exports]


KEYS_OF_FAILURES = frozenset({"error", "kind", "url"})
"""Metadata that an observation has if it is a page's recorded failure."""


def plain_pages_key(name: str) -> dg.AssetKey:
    """The key of a catalogue's pages where its YAML sets no prefix."""
    return _key(_plain_pages_path(name))


def plain_products_key(name: str) -> dg.AssetKey:
    """The key of a catalogue's table where its YAML sets no prefix."""
    return _key((name, "products"))


def is_pages_path(path: KeyPath, name: str) -> bool:
    """Whether it is the key of the pages of the catalogue of that name, under whatever prefix."""
    plain = _plain_pages_path(name)
    return path[-len(plain) :] == plain


def _plain_pages_path(name: str) -> KeyPath:
    return (name, "product_pages")


def _path(catalogue: Catalogue, name: str) -> KeyPath:
    return (*catalogue.key_prefix, catalogue.name, name)


def _key(path: KeyPath) -> dg.AssetKey:
    # What only reads the past has no need of Dagster, and asks by the parts of a key.
    from dagster import AssetKey

    return AssetKey(path)


def qualified_name(catalogue: Catalogue) -> str:
    """What the catalogue's group, steps, schedule and sensor are named after."""
    return "__".join([*catalogue.key_prefix, catalogue.name])


def pages_step(catalogue: Catalogue) -> str:
    """The step (and op) that crawls."""
    return f"{qualified_name(catalogue)}__product_pages"


def table_step(catalogue: Catalogue) -> str:
    """The step (and op) that builds the table."""
    return f"{qualified_name(catalogue)}__products"


def found_pages_name(catalogue: Catalogue) -> str:
    """The dynamic partitions of a catalogue whose pages are found by crawls."""
    return f"{qualified_name(catalogue)}_pages"


def crawl_pool(catalogue: str) -> str:
    """The concurrency pool that lets one run at a time crawl a catalogue."""
    return f"crawl_{catalogue}"
