"""Names that are stored in event logs: a change of one would lose every checkpoint."""

import dagster as dg
import pytest

from catalog_pipeline.orchestration import names
from catalog_pipeline_tests.reading.small_catalogues import catalogue

PLAIN = catalogue({"title": {"select": "h2"}})
PREFIXED = PLAIN.model_copy(update={"key_prefix": ("eu", "shops")})


def test_asset_keys_are_those_of_the_contract():
    assert names.pages_key(PLAIN) == dg.AssetKey(["shop", "product_pages"])
    assert names.products_key(PLAIN) == dg.AssetKey(["shop", "products"])
    assert names.pages_step(PLAIN) == "shop__product_pages"
    assert names.qualified_name(PLAIN) == "shop"


def test_a_prefix_stands_before_the_catalogue():
    assert names.pages_key(PREFIXED) == dg.AssetKey(["eu", "shops", "shop", "product_pages"])
    assert names.products_key(PREFIXED) == dg.AssetKey(["eu", "shops", "shop", "products"])
    assert names.pages_step(PREFIXED) == "eu__shops__shop__product_pages"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("shop/product_pages", True),
        ("eu/shop/product_pages", True),
        ("shop/products", False),
        ("workshop/product_pages", False),
        ("shop/product_pages/more", False),
        ("product_pages", False),
    ],
)
def test_the_pages_of_a_catalogue_are_known_under_whatever_prefix(path: str, is_one: bool):
    assert names.is_pages_path(tuple(path.split("/")), "shop") == is_one


def test_ranges_are_said_in_dagsters_own_tags():
    from dagster._core.storage.tags import (
        ASSET_PARTITION_RANGE_END_TAG,
        ASSET_PARTITION_RANGE_START_TAG,
        MAX_RETRIES_TAG,
        RETRY_NUMBER_TAG,
    )

    assert names.RANGE_START_TAG == ASSET_PARTITION_RANGE_START_TAG
    assert names.RANGE_END_TAG == ASSET_PARTITION_RANGE_END_TAG
    assert names.MAX_RETRIES_TAG == MAX_RETRIES_TAG
    assert names.RETRY_NUMBER_TAG == RETRY_NUMBER_TAG


def test_the_data_version_is_where_dagster_looks_for_it():
    from dagster._core.definitions.data_version import DATA_VERSION_TAG

    assert names.DATA_VERSION_TAG == DATA_VERSION_TAG


def test_each_catalogue_has_a_step_and_a_pool_of_its_own():
    other = PLAIN.model_copy(update={"name": "other"})
    assert names.pages_step(PLAIN) != names.pages_step(other)
    assert names.crawl_pool("a") != names.crawl_pool("b")
