"""What a run says at its end."""

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.exit_codes import code_of_result
from catalog_pipeline.cli.run_summary import resume_command, show_summary
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult, NoticesResult
from catalog_pipeline.records import PageFailure
from catalog_pipeline_tests.pages import keys

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)
BOOKS = load_catalogue("books_toscrape", environ={})
REQUEST = CrawlRequest(BOOKS, tuple(BOOKS.pages), None, reparse=False, base_url=None)
GOOD = CrawlResult(
    request=REQUEST,
    done=50,
    failed=0,
    missing=0,
    in_progress=0,
    downloads=50,
    not_modified=0,
    parsed_again=0,
    failures=(),
    is_interrupted=False,
    crawl_error=None,
    table_error=None,
    table=Path("nowhere.parquet"),
    table_place="nowhere.parquet",
    rows=None,
    run_id="run",
    selected=50,
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"done": 49, "failed": 1}, 1),
        ({"done": 49, "missing": 1}, 1),
        ({"done": 49, "in_progress": 1}, 1),
        ({"crawl_error": "the disk is full"}, 1),
        ({"table_error": "the disk is full"}, 1),
        ({"is_interrupted": True, "done": 3, "missing": 47}, 130),
    ],
)
def test_the_exit_code_tells_the_truth(changes: dict[str, Any], code: int):
    assert code_of_result(replace(GOOD, **changes)) == code


@pytest.mark.parametrize(
    ("changes", "is_amiss"),
    [
        ({}, False),
        ({"row_notes": ("price: several values",), "notices": NoticesResult(sent=2)}, False),
        ({"failed": 1, "done": 49}, True),
        ({"is_interrupted": True}, True),
        ({"failed_checks": ("check columns_are_filled fails: price",)}, True),
        ({"notices": NoticesResult(problems=("NOTIFY_URL: it is not set",))}, True),
        ({"length": ("the catalogue goes on after page 50",)}, True),
    ],
)
def test_who_wants_to_hear_of_nothing_good_hears_of_warnings(
    changes: dict[str, Any], is_amiss: bool
):
    assert replace(GOOD, **changes).is_amiss is is_amiss


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({}, "catalog-pipeline run books_toscrape"),
        ({"pages": tuple(keys(1, 2, 3, 9))}, "catalog-pipeline run books_toscrape --pages 1-3,9"),
        ({"base_url": "http://m.example"},
         "catalog-pipeline run books_toscrape --base-url http://m.example"),
        ({"cutoff": NOON},
         "catalog-pipeline run books_toscrape --cutoff 2026-01-31T12:00:00+00:00"),
        ({"reparse": True}, "catalog-pipeline run books_toscrape --reparse"),
    ],
)  # fmt: skip
def test_what_to_type_to_go_on_asks_for_the_same(changes: dict[str, Any], command: str):
    assert resume_command(replace(REQUEST, **changes)) == command


def test_after_a_clock_was_set_back_no_time_is_named_that_lies_ahead():
    ahead = datetime(9000, 1, 1, tzinfo=timezone.utc)
    named = resume_command(replace(REQUEST, cutoff=ahead)).partition("--cutoff ")[2]
    assert datetime.fromisoformat(named) <= datetime.now(timezone.utc)


def test_what_stored_pages_could_not_give_is_not_looked_for_in_them_again():
    request = replace(REQUEST, reparse=True)
    left = resume_command(request, is_interrupted=False)
    assert left == "catalog-pipeline run books_toscrape"


def test_of_many_failures_some_are_shown_and_the_rest_counted(capsys: pytest.CaptureFixture[str]):
    failures = tuple(
        PageFailure(PageKey(n), "http://m.example", "status", f"page {n}: gone", 410, 1, NOON)
        for n in range(1, 31)
    )
    show_summary(replace(GOOD, done=20, failed=30, failures=failures), seconds=1, as_json=False)
    text = capsys.readouterr().out
    assert "page 20: gone (1 attempt)" in text
    assert "page 21: gone" not in text
    assert "… and 10 more: catalog-pipeline status books_toscrape --failed" in text


def test_pages_that_came_and_were_refused_are_no_downloads_that_did_not_happen(
    capsys: pytest.CaptureFixture[str],
):
    show_summary(
        replace(GOOD, done=49, failed=1, downloads=0, came_in_vain=1), seconds=1, as_json=False
    )
    assert "0 downloads, 1 more refused in" in capsys.readouterr().out


def test_a_crawl_that_gave_up_says_why(capsys: pytest.CaptureFixture[str]):
    show_summary(
        replace(GOOD, done=0, missing=50, crawl_error="the site seems to be down"),
        seconds=1,
        as_json=False,
    )
    assert "Crawl: the site seems to be down" in capsys.readouterr().out
