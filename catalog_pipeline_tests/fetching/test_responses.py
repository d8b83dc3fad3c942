import time
from email.utils import formatdate

import pytest

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.responses import retry_after_seconds
from catalog_pipeline.pushback import MAX_RETRY_AFTER_SECONDS
from catalog_pipeline.records import Response, Validators
from catalog_pipeline_tests.fetching.raw_server import (
    catalogue_at,
    failure_at,
    page,
    raw_server,
    sends,
)


@pytest.mark.parametrize(
    ("content_type", "is_page"),
    [
        ("text/html", True),
        ("Text/HTML; charset=utf-8", True),
        ("application/xhtml+xml", True),
        ("text/plain", True),
        ("", True),
        ("application/json", False),
        ("image/png", False),
        ("application/octet-stream", False),
        ("text/htmlx", False),
    ],
)
def test_only_types_that_a_page_can_have_are_accepted(content_type: str, is_page: bool) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: 1\r\n\r\nx"
    with raw_server(sends(head.encode())) as server:
        exchange = Exchange(catalogue_at(server.url))
        if is_page:
            assert isinstance(exchange.get(server.url), Response)
        else:
            with pytest.raises(FetchError) as caught:
                exchange.get(server.url)
            assert caught.value.kind == "content_type"


def test_a_missing_type_is_accepted() -> None:
    with raw_server(sends(b"HTTP/1.1 200 OK\r\n\r\n<p>")) as server:
        answer = Exchange(catalogue_at(server.url)).get(server.url)
    assert isinstance(answer, Response)
    assert (answer.content_type, answer.body) == (None, b"<p>")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 Unauthorized", "status_401_403"),
        ("403 Forbidden", "status_401_403"),
        ("404 Not Found", "status_404_410"),
        ("410 Gone", "status_404_410"),
        ("408 Request Timeout", "status_408_425"),
        ("418 I'm a teapot", "status_4xx"),
        ("500 Internal Server Error", "status_5xx"),
        ("501 Not Implemented", "status_501_505_511"),
    ],
)
def test_a_failing_status_says_which_and_asks_for_no_pause(status: str, kind: str) -> None:
    failure = failure_at(sends(page(b"sorry", "Retry-After: 9", status=status)))
    assert (failure.kind, failure.http_status) == (kind, int(status[:3]))
    assert not failure.pushback.slow_down
    assert failure.pushback.retry_after_seconds is None


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize(("header", "seconds"), [("Retry-After: 7", 7.0), ("X: y", None)])
def test_a_site_that_pushes_back_is_heard(status: str, header: str, seconds: float | None) -> None:
    pushback = failure_at(sends(page(b"", header, status=status))).pushback
    assert pushback.slow_down
    assert pushback.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("0", 0, 0),
        (" 120 ", 120, 120),
        ("172800", 172_800, 172_800),
        ("99999999999999", MAX_RETRY_AFTER_SECONDS, MAX_RETRY_AFTER_SECONDS),
        ("Friday, 01-Jan-99 00:00:00 GMT", 0, 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, low: float, high: float) -> None:
    seconds = retry_after_seconds(value)
    assert seconds is not None
    assert low <= seconds <= high


@pytest.mark.parametrize(
    ("ahead", "low", "high"),
    [
        (100, 60, 100),
        (-100, 0, 0),
        (2 * 86_400, 2 * 86_400 - 60, 2 * 86_400),
        (10**8, MAX_RETRY_AFTER_SECONDS, MAX_RETRY_AFTER_SECONDS),
    ],
)
def test_retry_after_as_a_date_counts_from_now(ahead: float, low: float, high: float) -> None:
    seconds = retry_after_seconds(formatdate(time.time() + ahead, usegmt=True))
    assert seconds is not None
    assert low <= seconds <= high


@pytest.mark.parametrize("clock", [-3600, 0, 3600])
def test_retry_after_as_a_date_counts_by_the_clock_of_the_site(clock: float) -> None:
    now = time.time() + clock
    said, until = formatdate(now, usegmt=True), formatdate(now + 50, usegmt=True)
    answer = page(b"", f"Date: {said}", f"Retry-After: {until}", status="503 Service Unavailable")
    assert failure_at(sends(answer)).pushback.retry_after_seconds in (49, 50, 51)
    assert retry_after_seconds(formatdate(time.time() - 5, usegmt=True), "no date") == 0


@pytest.mark.parametrize(
    "value", [None, "", "soon", "-5", "1.5", "²", "Mon, 99 Foo 2024 99:99:99 GMT", "1e9"]
)
def test_a_retry_after_that_says_nothing_is_ignored(value: str | None) -> None:
    assert retry_after_seconds(value) is None


def test_a_validator_that_no_record_should_hold_is_left_out() -> None:
    answer = page(b"here", f'ETag: "{"x" * 60_000}"', "Last-Modified: " + "y" * 60_000)
    with raw_server(sends(answer)) as server:
        got = Exchange(catalogue_at(server.url)).get(server.url)
    assert isinstance(got, Response)
    assert got.validators == Validators()


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "302 Found", "404 Not Found"])
@pytest.mark.parametrize(
    "lengths", [["Content-Length: 1, 2"], ["Content-Length: 1", "Content-Length: 2"]]
)
def test_an_answer_of_two_lengths_is_none_whatever_its_status(
    status: str, lengths: list[str]
) -> None:
    answer = page(b"xy", "Location: /p?page=2", *lengths, status=status)
    failure = failure_at(sends(answer))
    assert failure.kind == "protocol"
    assert "the Content-Length is not one number" in str(failure)
