"""Patterns: the same matches by both engines, and an end in time whatever the text is."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.errors import CatalogueError, ParseLimitError
from catalog_pipeline.reading import watch
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline.reading.values.patterns import Pattern, in_other_words
from catalog_pipeline_tests.site import bundled_attributes

PATTERNS = [
    r"(\w+\s?)+$",
    r"^(([a-z ]+)+)+$",
    r"(\W+|\w)+:",
    r"\b(\d+)\b\s*(?:EUR|€)?$",
    r"\B\w",
    r"([\w.]+\s*)+@",
    r"[^\w\s]+",
    r"(\S+\s+)*\S$",
    r"(?i)(stra\u00dfe|[k-s]+)+!",
    r"a{e}",
    r"{",
    r"x{,3}y",
    r"[[a]+",
    r"[a&&b||c~~d]+",
    r"[]a]+",
    r"[^]a]+",
    r"(?P<a>\w)(?P=a)",
    r"(a)?b(?(1)c|d)",
    r"(?<=\w)-(?=\d)",
    r"(?m)^\w+$",
    r"(?s).+?\Z",
    r"\N{EURO SIGN}\s?(\d+)",
    r"(\d{1,3}(?:[.,]\d{3})*)(?:[.,]\d\d)?",
]
TEXTS = st.text(
    st.sampled_from(
        " \n\t\x1c-.,:!@[]{}()&|\\abceksxyzABKS019_éß\u017f\u212a²½€नमस्ते日\u00a0\u200d\u0660"
    ),
    max_size=12,
)


@cache
def _known() -> str:
    """All characters; what one of the engines' tables does not know yet is left out."""
    characters = map(chr, range(sys.maxunicode + 1))
    return "".join(each for each in characters if unicodedata.category(each) != "Cn")


def _found(match: re.Match[str] | regex.Match[str] | None) -> object:
    return None if match is None else (match.span(), match.groups())


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")
@pytest.mark.parametrize("text", PATTERNS)
@settings(max_examples=80)
@given(st.data())
def test_both_engines_find_the_same(text: str, data: st.DataObject) -> None:
    quick = re.compile(text)
    written = in_other_words(quick)
    assert written is not None
    sample = data.draw(TEXTS)
    assert _found(regex.compile(written).search(sample)) == _found(quick.search(sample))


@pytest.mark.parametrize("name", [r"\w", r"\W", r"\s", r"\S", r"[\w]", r"[\s]", r"[^\w]", "."])
def test_classes_hold_the_same_characters(name: str) -> None:
    written = in_other_words(re.compile(name))
    assert written is not None
    ours, theirs = re.compile(name), regex.compile(written)
    assert set(ours.findall(_known())) == set(theirs.findall(_known()))


@pytest.mark.parametrize("text", [r"(?a)\w+", r"(?x) a b # c", r"[\W_]+", r"[a[]b]+", r"(?a:\w)b"])
def test_what_could_mean_something_else_stays_with_pythons_engine(text: str) -> None:
    assert in_other_words(re.compile(text)) is None
    assert _found(Pattern(text).search("ab" * 9000)) == _found(re.search(text, "ab" * 9000))


@pytest.mark.parametrize(
    ("text", "sample"),
    [
        (r"^(([a-z ]+)+)+$", "ab " * 1300 + "!"),
        (r"(\w+\s?)+$", "word " * 800 + "€"),
        (r"(?:.*?,){11}P", "1," * 2000),
    ],
)
def test_a_pattern_ends_in_time_and_says_which_it_was(text: str, sample: str) -> None:
    pattern = Pattern(text)
    with watch.at_most(0.2):
        watch.field_begins(1, "name")
        with pytest.raises(ParseLimitError) as caught:
            pattern.search(sample)
        with pytest.raises(ParseLimitError):
            pattern.search(sample)
    assert (caught.value.kind, caught.value.field) == ("parse_seconds", "name")
    assert f"pattern {text!r}" in str(caught.value)
    told = f"took longer than 0.2 s (limits.parse_seconds), in a text of {len(sample):,} characters"
    assert told in str(caught.value)


def test_long_texts_are_searched_as_short_ones_are() -> None:
    pattern = Pattern(r"(\d+)\s*EUR\b")
    for length in (1, 100, 200_000):
        match = pattern.search("नमस्ते " * length + "17 EUR")
        assert match is not None
        assert match[1] == "17"


@pytest.mark.parametrize(
    ("text", "may_hang"),
    [("(?x)(a+)+b", True), ("(?a)^((a+)+)+$", True), ("(a+)+b", False), ("(?x)a+b", False)],
)
def test_a_pattern_that_nothing_would_end_is_known(text: str, may_hang: bool):
    """One that can explode, with an option that keeps it from the engine with a time limit."""
    assert Pattern(text).may_hang is may_hang


EXPLODING = "(?x)(a+)+b"


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("checks.name", {"checks": {"name": {"pattern": EXPLODING}}}),
        (
            "discover",
            {
                "discover": {"page": "/", "select": "a", "pattern": EXPLODING},
                "page_url": "{listing_url}?page={page}",
            },
        ),
    ],
)
def test_such_a_pattern_is_refused_where_nobody_watches_it(place: str, changes: dict[str, Any]):
    catalogue = catalogue_from_attributes("shop", bundled_attributes("sandbox") | changes)
    with pytest.raises(CatalogueError, match=rf"{place}.pattern: the time .* can explode"):
        reader_of(catalogue)
