"""Which patterns may take a time that explodes, and how that of others grows with a text."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from catalog_pipeline.catalogue.pattern_growth import growth_of

EXPLODING = [
    r"^(([a-z ]+)+)+$",
    r"(a+)+b",
    r"(a*)*b",
    r"(?:a|aa)+$",
    r"(a|ab|b)*c",
    r"(a|a?)+$",
    r"(.*)*x",
    r"(.+\s*)+:",
    r"(\w+\s?)+$",
    r"(x+x+)+y",
    r"([a-zA-Z]+)*\d",
    r"(?:\d{1,3},?)+ EUR",
    r"(a{1,100}){1,100}b",
    r"(?:\s*\w+\s*,?)*;",
    r"(?i)(?:ab|A[B-C])*c",
    r"x(?=(a+)+b)",
    r"(?<!y)(a+)+b",
    r"(?:(a+)\1)*b",
    r"(?:(?:[^\W\d]|é)+x?)+$",
]
HARMLESS = [
    r"(\d+)",
    r"Price: (\d[\d,.]*)",
    r"\d{1,3}(?:,\d{3})*",
    r"([\d.,]+)\s*(?:EUR|€)",
    r"^\s*(.*?)\s*$",
    r"(?:\d+\.)+\d",
    r"(?:[A-Z][a-z]+ ?)+!",
    r"(?:\w+\s+)*end",
    r"\"(?:[^\"\\]|\\.)*\"",
    r"(?:(?:\d{1,3})(?:,|$))+",
    r"((\w+\s?)+)",
    r"(?:a*b)*c",
    r"^(?:a|b)*$",
    r"(?P<n>\d+) in stock",
    r"/(\d+)/?(?:\?.*)?$",
    r"(?<=SKU )\w+(?! gone)",
    r"(a)?(?(1)b|c)",
    r"",
]


@pytest.mark.parametrize("text", EXPLODING)
def test_loops_that_read_a_text_in_two_ways_explode(text: str) -> None:
    assert growth_of(re.compile(text)).explodes


@pytest.mark.parametrize("text", HARMLESS)
def test_patterns_of_daily_use_do_not(text: str) -> None:
    assert not growth_of(re.compile(text)).explodes


@pytest.mark.parametrize(
    ("text", "power"),
    [(r"\d{4}", 1), (r"\d+", 2), (r"^\s*(.*?)\s*$", 4), (r"(?:.*?,){11}P", 12), (r"(a?b)?", 1)],
)
def test_each_loop_adds_a_power(text: str, power: int) -> None:
    assert growth_of(re.compile(text)).power == power


def test_a_pattern_too_large_to_be_looked_at_is_taken_for_a_bad_one() -> None:
    assert growth_of(re.compile("(?:" + "ab?c" * 500 + ")*x")).explodes


def test_a_pattern_that_is_nested_deeply_is_taken_for_one_that_may_explode():
    assert growth_of(_deepest_pattern()).explodes


def _deepest_pattern() -> re.Pattern[str]:
    """One that is nested as deep as can be compiled."""
    for depth in range(1000, 0, -10):
        with suppress(RecursionError):
            return re.compile("(?:" * depth + "a" + ")*" * depth)
    raise AssertionError("none can be compiled")
