import re
from pathlib import Path

import pytest

from catalog_pipeline.fetching.retry_table import (
    RETRY_TABLE,
    is_retried,
    kind_of_status,
    markdown_table,
)

_FETCHING = Path(__file__).parents[2] / "catalog_pipeline" / "fetching"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_a_passing_status_is_tried_again(status: int) -> None:
    assert is_retried(kind_of_status(status))


@pytest.mark.parametrize(
    "status", [103, 206, 300, 400, 401, 403, 404, 405, 407, 410, 418, 451, 499, 501, 505, 511, 999]
)
def test_a_permanent_status_is_not_tried_again(status: int) -> None:
    assert not is_retried(kind_of_status(status))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("connect", True),
        ("timeout", True),
        ("read", True),
        ("short_body", True),
        ("session_expired", True),
        ("tls", False),
        ("robots", False),
        ("redirect_refused", False),
        ("address_refused", False),
        ("too_large", False),
        ("content_type", False),
        ("parse", False),
        ("no_product", False),
        ("repeats", False),
    ],
)
def test_failures_without_a_status_are_tried_again_as_the_table_says(
    kind: str, expected: bool
) -> None:
    assert is_retried(kind) is expected


def test_an_unknown_kind_is_a_mistake_in_the_program() -> None:
    with pytest.raises(KeyError):
        is_retried("no such kind")


def test_each_kind_is_in_the_table_once() -> None:
    kinds = [rule.kind for rule in RETRY_TABLE]
    assert len(kinds) == len(set(kinds))


def test_every_kind_that_fetching_raises_is_in_the_table() -> None:
    known = {rule.kind for rule in RETRY_TABLE}
    pattern = re.compile(r"""(?:BrokenExchange\(\s*|\bkind=)"([a-z0-9_]+)\"""")
    raised = {
        kind for file in _FETCHING.glob("*.py") for kind in pattern.findall(file.read_text("utf-8"))
    }
    assert len(raised) > 10
    assert raised <= known


def test_the_table_for_the_documentation_has_a_row_for_each_kind() -> None:
    lines = markdown_table().splitlines()
    assert len(lines) == len(RETRY_TABLE) + 2
    assert "| `status_429` | yes | 429: too many requests; the whole crawl slows down |" in lines
    assert {line.count("|") for line in lines} == {4}
