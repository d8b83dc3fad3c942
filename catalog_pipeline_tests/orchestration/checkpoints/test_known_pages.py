"""The partitions of pages that crawls have found."""

from __future__ import annotations

import sqlite3

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.known_pages import (
    add_found_pages,
    found_pages,
    seed_pages,
)
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.tables.shop import catalogue


def test_pages_become_partitions_in_order_and_those_that_are_some_stay(
    instance: dg.DagsterInstance,
):
    shop = catalogue(pages="open", last_page=None)
    add_found_pages(instance, shop, keys(3, 1))
    add_found_pages(instance, shop, keys(5, 4, 3, 4))
    assert instance.get_dynamic_partitions("shop_pages") == ["1", "3", "4", "5"]
    assert found_pages(instance, shop) == tuple(keys(1, 2, 3, 4, 5)), "a series has no gap"


@pytest.mark.parametrize(
    ("first_page", "partitions", "pages"),
    [
        (1, [1, 2, 4, 6], [1, 2, 3, 4, 5, 6]),
        (1, [1, 6], [1]),
        (1, [1, 2, 3, 4, 5, 6, 5000], [1, 2, 3, 4, 5, 6]),
        (1, [4, 5, 6], [1, 2, 3, 4, 5, 6]),
        (4, [1, 2, 5, 6], [4, 5, 6]),
    ],
)
def test_a_series_has_no_gap_and_ends_before_a_page_far_off(
    instance: dg.DagsterInstance, first_page: int, partitions: list[int], pages: list[int]
):
    shop = catalogue(pages="open", last_page=None, first_page=first_page)
    add_found_pages(instance, shop, keys(*partitions))
    assert found_pages(instance, shop) == tuple(keys(*pages))
    seed_pages(instance, shop)
    far = [str(page) for page in partitions if page > pages[-1]]
    assert instance.get_dynamic_partitions("shop_pages") == [*map(str, pages), *far]


def test_partitions_that_are_in_disorder_are_put_in_order_before_a_run(
    instance: dg.DagsterInstance,
):
    shop = catalogue(pages="open", last_page=None)
    for page in (2, 3, 4, 1):
        add_found_pages(instance, shop, keys(page))
    seed_pages(instance, shop)
    assert instance.get_dynamic_partitions("shop_pages") == ["1", "2", "3", "4"]


@pytest.mark.embedded("counts the steps of SQLite's machine")
def test_what_a_found_page_costs_does_not_grow_with_those_there_are(instance: dg.DagsterInstance):
    shop = catalogue(pages="open", last_page=None)
    add_found_pages(instance, shop, keys(1))
    few = _steps_of_one_more(instance, shop, 2)
    add_found_pages(instance, shop, keys(*range(3, 2000)))
    assert _steps_of_one_more(instance, shop, 2000) < 2 * few


def _steps_of_one_more(instance: dg.DagsterInstance, shop: Catalogue, number: int) -> int:
    """How many steps of its own machine SQLite makes to add one page."""
    storage = instance.event_log_storage
    assert isinstance(storage, BatchedSqliteEventLogStorage)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with storage.index_connection() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(count, 1)
        try:
            # What the storage does meanwhile joins this transaction.
            add_found_pages(instance, shop, keys(number))
        finally:
            driver.set_progress_handler(None, 1)
    return steps
