"""How a set of pages becomes one run."""

from datetime import datetime, timezone

import pytest

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.orchestration.names import CATALOGUE_TAG, RANGE_END_TAG, RANGE_START_TAG
from catalog_pipeline.orchestration.runs.run_request import crawl_run_config, crawl_run_tags
from catalog_pipeline_tests.pages import keys

BOOKS = load_catalogue("books_toscrape", environ={})
NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("pages", "ends", "config"),
    [
        (range(1, 51), ("1", "50"), {}),
        ([7], ("7", "7"), {}),
        ([7, 9, 12, 13], None, {"pages": "7,9,12-13"}),
    ],
)
def test_a_contiguous_set_is_a_range_and_any_other_goes_into_the_config(pages, ends, config):
    tags = crawl_run_tags(BOOKS, keys(*pages))
    assert tags[CATALOGUE_TAG] == "books_toscrape"
    assert (RANGE_START_TAG in tags) == (ends is not None)
    if ends:
        assert (tags[RANGE_START_TAG], tags[RANGE_END_TAG]) == ends
    found = crawl_run_config(BOOKS, keys(*pages), None)
    expected = {"ops": {"books_toscrape__product_pages": {"config": config}}} if config else {}
    assert found == expected


def test_cut_off_and_reparsing_are_said_in_the_config():
    config = crawl_run_config(BOOKS, keys(1, 2), NOON, reparse=True)
    assert config["ops"]["books_toscrape__product_pages"]["config"] == {
        "cutoff": "2026-01-31T12:00:00+00:00",
        "reparse": True,
    }
