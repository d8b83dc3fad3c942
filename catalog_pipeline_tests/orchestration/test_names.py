"""Names that are stored in event logs: a change of one would lose every checkpoint."""

import dagster as dg

from catalog_pipeline.orchestration import names


def test_asset_keys_are_those_of_the_contract():
    assert names.pages_key("shop") == dg.AssetKey(["shop", "product_pages"])
    assert names.products_key("shop") == dg.AssetKey(["shop", "products"])


def test_ranges_are_said_in_dagsters_own_tags():
    from dagster._core.storage.tags import (
        ASSET_PARTITION_RANGE_END_TAG,
        ASSET_PARTITION_RANGE_START_TAG,
        MAX_RETRIES_TAG,
    )

    assert names.RANGE_START_TAG == ASSET_PARTITION_RANGE_START_TAG
    assert names.RANGE_END_TAG == ASSET_PARTITION_RANGE_END_TAG
    assert names.MAX_RETRIES_TAG == MAX_RETRIES_TAG


def test_the_data_version_is_where_dagster_looks_for_it():
    from dagster._core.definitions.data_version import DATA_VERSION_TAG

    assert names.DATA_VERSION_TAG == DATA_VERSION_TAG


def test_each_catalogue_has_a_step_and_a_pool_of_its_own():
    assert names.pages_step("a") != names.pages_step("b")
    assert names.crawl_pool("a") != names.crawl_pool("b")
