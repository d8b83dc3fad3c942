"""When a checkpoint no longer makes its page done, and whether a download is needed then."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.doneness import Doneness, NotDone
from catalog_pipeline.records import PageRecord
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.storing import samples

HOUR = timedelta(hours=1)
NOW = samples.NOON + HOUR


@pytest.fixture
def catalogue() -> Catalogue:
    return catalogue_from_attributes(
        "shop", attributes(base_url="https://shop.example", page_url="/products?page={page}")
    )


@pytest.fixture
def record(catalogue: Catalogue) -> PageRecord:
    """A page of that catalogue, as it would be parsed today."""
    made = samples.record(2)
    return replace(made, asked_at=made.url, code_version=catalogue.code_version)


@pytest.mark.parametrize(
    ("cut_off", "is_done"),
    [
        (None, True),
        (samples.NOON, True),
        (samples.NOON + timedelta(microseconds=1), False),
    ],
)
def test_a_page_is_done_from_its_cut_off_on_and_without_one_however_old(
    catalogue: Catalogue, record: PageRecord, cut_off: datetime | None, is_done: bool
):
    not_done = Doneness(catalogue).why_not(record, cut_off, NOW)
    assert not_done == (None if is_done else NotDone(False, "fetched too long ago"))


def test_a_time_to_come_proves_nothing_where_there_is_a_cut_off(
    catalogue: Catalogue, record: PageRecord
):
    """The clock was ahead when the page was fetched, and has been put right."""
    doneness, before = Doneness(catalogue), samples.NOON - HOUR
    assert doneness.why_not(record, None, before) is None
    not_done = doneness.why_not(record, before - HOUR, before)
    assert not_done == NotDone(False, "fetched in the future, by a clock that was ahead")


def test_a_page_that_another_yaml_parsed_is_parsed_again_unless_that_was_in_vain(
    catalogue: Catalogue, record: PageRecord
):
    of_another = replace(record, code_version="another")
    to_parse = Doneness(catalogue).why_not(of_another, None, NOW)
    assert to_parse == NotDone(False, "parsed by another YAML", is_to_parse=True)
    in_vain = Doneness(catalogue, lambda page: page == record.page).why_not(of_another, None, NOW)
    assert in_vain == NotDone(False, "parsed by another YAML")


def test_a_page_of_another_address_is_not_done_whatever_else_holds(
    catalogue: Catalogue, record: PageRecord
):
    elsewhere = "https://other.example/products?page=2"
    moved = replace(record, asked_at=elsewhere, code_version="another")
    assert Doneness(catalogue).why_not(moved, NOW, NOW) == NotDone(True, elsewhere)
