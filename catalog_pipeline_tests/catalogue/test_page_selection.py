"""Page numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import (
    check_pages,
    format_pages,
    page_ranges,
    select_pages,
)
from catalog_pipeline.errors import UsageError
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.pages import keys

_SHOP = catalogue_from_attributes("shop", attributes(first_page=1, last_page=200))


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("7", [7]),
        ("1-3", [1, 2, 3]),
        ("7,9,12-15", [7, 9, 12, 13, 14, 15]),
        (" 9 , 7 - 8,8", [7, 8, 9]),
        ("200", [200]),
    ],
)
def test_page_numbers_are_read(text, pages):
    assert select_pages(_SHOP, text) == keys(*pages)


@pytest.mark.parametrize(
    "text", ["", "a", "1-", "-1", "1,,2", "1..3", "1.5", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 5000]
)
def test_what_is_no_list_of_pages_is_refused(text):
    with pytest.raises(UsageError, match="is no list of pages"):
        select_pages(_SHOP, text)


def test_a_range_that_runs_backwards_is_refused():
    with pytest.raises(UsageError, match="The range 5-3 in '1,5-3' runs backwards"):
        select_pages(_SHOP, "1,5-3")


@pytest.mark.parametrize(
    ("text", "beyond"),
    [
        ("0", "0"),
        ("201", "201"),
        ("0-1,7,199-202,300", "0,201-202,300"),
        ("0-999999999999999999", "0,201-999999999999999999"),
    ],
)
def test_pages_that_the_catalogue_does_not_have_are_named(text, beyond):
    with pytest.raises(UsageError) as caught:
        select_pages(_SHOP, text)
    assert str(caught.value) == f"shop has no page {beyond}; it has 1-200."


def test_ranges_within_the_catalogue_pass():
    check_pages(_SHOP, [(PageKey(1), PageKey(200)), (PageKey(7), PageKey(7))])


@given(st.sets(st.integers(1, 200), min_size=1))
def test_written_pages_are_read_back(pages):
    assert select_pages(_SHOP, format_pages(keys(*pages))) == keys(*sorted(pages))


def test_ranges_are_as_long_as_they_can_be():
    assert list(page_ranges(keys(3, 1, 2, 7, 9, 10))) == [
        tuple(keys(*ends)) for ends in ((1, 3), (7, 7), (9, 10))
    ]
    assert list(page_ranges([])) == []
