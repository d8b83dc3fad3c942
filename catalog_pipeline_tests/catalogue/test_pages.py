"""Page numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.catalogue.pages import format_pages, page_ranges, parse_pages
from catalog_pipeline.errors import UsageError


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("7", [7]),
        ("1-3", [1, 2, 3]),
        ("7,9,12-15", [7, 9, 12, 13, 14, 15]),
        (" 9 , 7 - 8,8", [7, 8, 9]),
    ],
)
def test_page_numbers_are_read(text, pages):
    assert parse_pages(text) == pages


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "1,,2", "5-3", "1..3", "1.5"])
def test_what_is_no_list_of_pages_is_refused(text):
    with pytest.raises(UsageError):
        parse_pages(text)


@given(st.sets(st.integers(0, 200), min_size=1))
def test_written_pages_are_read_back(pages):
    assert parse_pages(format_pages(pages)) == sorted(pages)


def test_ranges_are_as_long_as_they_can_be():
    assert list(page_ranges([3, 1, 2, 7, 9, 10])) == [(1, 3), (7, 7), (9, 10)]
    assert list(page_ranges([])) == []
