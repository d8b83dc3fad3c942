"""docs/guarantees.md names tests that exist, and every test of crashes."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.embedded("is about a page of the documentation")

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "guarantees.md"


def names_of_tests(folder: Path) -> set[str]:
    """The names of all test functions below a folder."""
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)}


def named() -> set[str]:
    """The tests that the page names."""
    return set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))


def test_each_test_named_on_the_page_exists() -> None:
    assert len(named()) > 20
    assert named() - names_of_tests(TESTS) == set()


def test_each_crash_test_is_named_on_the_page() -> None:
    own = names_of_tests(Path(__file__).parent) - {
        name for name in globals() if name[:5] == "test_"
    }
    assert own - named() == set()
