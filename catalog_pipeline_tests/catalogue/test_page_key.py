"""What a page is called: in Dagster's partitions, in JSON, in order."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.catalogue.page_key import PageKey, page_keys
from catalog_pipeline.errors import CatalogPipelineError, PageKeyError

LISTINGS = st.none() | st.from_regex(r"[A-Za-z][A-Za-z0-9_]*", fullmatch=True)
KEYS = st.builds(PageKey, st.integers(0, 10**18 - 1), LISTINGS)


@pytest.mark.parametrize(
    ("text", "number", "listing"),
    [("17", 17, None), ("0", 0, None), ("phones-1", 1, "phones"), ("a_2-30", 30, "a_2")],
)
def test_a_key_is_read_from_its_partition(text: str, number: int, listing: str | None):
    key = PageKey.parse(text)
    assert (key.number, key.listing) == (number, listing)
    assert str(key) == text


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "1\n", "01", "+1", "-1", "1.0", "1e3", "1_000", "²",
        "\N{ARABIC-INDIC DIGIT ONE}", "phones", "phones-", "phones-01", "phones--1",
        "phones-1-2", "1-2", "ph ones-1",
        "höhe-1", "a,b-1", "a/b-1", "a.b-1", "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_and_named(text: str):
    with pytest.raises(PageKeyError) as caught:
        PageKey.parse(text)
    assert isinstance(caught.value, CatalogPipelineError)
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("number", "listing"), [(-1, None), (10**18, None), (1, ""), (1, "a-b"), (1, "1"), (1, "ü")]
)
def test_no_key_is_made_that_could_not_be_read(number: int, listing: str | None):
    with pytest.raises(PageKeyError):
        PageKey(number, listing)


@given(KEYS)
def test_every_key_comes_back_from_each_of_its_forms(key: PageKey):
    assert PageKey.parse(str(key)) == key
    assert PageKey.from_plain(key.plain) == key
    assert pickle.loads(pickle.dumps(key)) == key
    assert hash(PageKey.parse(str(key))) == hash(key)


@pytest.mark.parametrize("value", [True, 1.0, None, [1], -1, "x"])
def test_json_that_is_no_key_is_refused(value: object):
    with pytest.raises(PageKeyError):
        PageKey.from_plain(value)


def test_json_holds_the_bare_number_of_a_nameless_listing():
    assert PageKey(17).plain == 17
    assert PageKey(17, "phones").plain == "phones-17"


def test_keys_are_ordered_as_people_count():
    texts = ["9", "10", "laptops-2", "laptops-10", "phones-1"]
    assert [str(key) for key in sorted(map(PageKey.parse, reversed(texts)))] == texts
    assert page_keys(9, 11) == (PageKey(9), PageKey(10), PageKey(11))


def test_a_number_is_no_key():
    assert PageKey(1) != 1
    assert PageKey(1) not in {1, "1"}
