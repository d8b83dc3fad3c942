"""The figures of a report, and how they are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from catalog_pipeline.report.facts import Gathered, Recorded, RecordedBuild
from catalog_pipeline.report.tables import shown_tables
from catalog_pipeline_tests.report import scene
from catalog_pipeline_tests.tables import shop


def told(**recorded: Any) -> Any:
    return shown_tables(Recorded(**recorded), Gathered())


@pytest.mark.parametrize(
    ("rows", "filled", "share"),
    [
        (20_000, 19_999, "99.9 %"),
        (20_000, 20_000, "100 %"),
        (20_000, 1, "0.1 %"),
        (20_000, 0, "0 %"),
        (3, 2, "66.7 %"),
    ],
)
def test_only_all_rows_are_all_of_them(rows: int, filled: int, share: str) -> None:
    (column,) = told(builds=scene.builds([rows], price=[filled])).columns
    assert (column["now"], column["before"], column["is_bad"]) == (share, "", False)


def test_a_column_that_is_there_no_more_is_marked() -> None:
    builds = scene.builds([10, 10], price=[10, 10])
    builds.append(RecordedBuild(shop.START + timedelta(days=9), 10, None, 0, {"name": 10}, {}))
    columns = {column["name"]: column for column in told(builds=builds).columns}
    assert (columns["price"]["now"], columns["price"]["is_bad"]) == ("not there", True)
    assert (columns["name"]["now"], columns["name"]["is_bad"]) == ("100 %", False)


def test_what_is_cut_off_is_said() -> None:
    shown = told(builds=scene.builds([1] * 101), lacks_builds=False)
    assert (len(shown.builds), shown.builds_told) == (
        100,
        "The newest 100 of 101 builds as a table",
    )
    shown = told(builds=scene.builds([1] * 101), lacks_builds=True)
    assert shown.builds_told == "The newest 100 of more than 101 builds as a table"
    assert told(builds=scene.builds([1])).builds_told == "The builds as a table"
    failures = [scene.failure("no")] * 501
    shown = told(total=501, failed=501, failures=failures)
    assert shown.pages_told == "501 pages: 501 failed. The first 500 are shown."
    assert len(shown.failures) == 500
