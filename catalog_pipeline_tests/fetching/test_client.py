import contextlib
import gzip
import random
import threading
from http.cookiejar import CookieJar

import pytest

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.robots import MAX_ROBOTS_BYTES
from catalog_pipeline.records import Redirect, Response, Validators
from catalog_pipeline_tests.fetching.raw_server import (
    Visit,
    catalogue_at,
    page,
    raw_server,
    sends,
)
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


def test_a_whole_answer_comes_back_with_what_is_known_of_it() -> None:
    headers = ['ETag: "a1"', "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT"]
    with raw_server(sends(page(b"<p>hello</p>", *headers))) as server:
        answer = Exchange(catalogue_at(server.url)).get(f"{server.url}/p?page=1#top")
    assert isinstance(answer, Response)
    assert answer.url == f"{server.url}/p?page=1"
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert (answer.body, answer.wire_bytes) == (b"<p>hello</p>", 12)
    assert answer.validators == Validators('"a1"', "Mon, 01 Jan 2024 00:00:00 GMT")
    assert 0 < answer.fetch_seconds < 5


def test_the_request_says_who_asks_and_what_it_can_read() -> None:
    with raw_server(sends(page())) as server:
        catalogue = catalogue_at(server.url, politeness={"contact": "https://me.example"})
        Exchange(catalogue).get(f"{server.url}/p?page=1")
    head = server.heads[0]
    assert head.startswith("GET /p?page=1 HTTP/1.1\r\n")
    assert "User-Agent: catalog_pipeline/1.0 (+https://me.example)\r\n" in head
    assert "Accept-Encoding: gzip, deflate, br, zstd\r\n" in head
    assert "Accept: text/html" in head


def test_a_page_that_has_not_changed_is_confirmed_without_a_body() -> None:
    """Content-Length of a 304 is that of the page, which is not sent."""
    answer = page(b"", "Content-Length: 90000", 'ETag: "a1"', status="304 Not Modified")
    with raw_server(sends(answer, hang_up=False)) as server:
        exchange = Exchange(catalogue_at(server.url))
        for _ in range(2):
            got = exchange.get(server.url, validators=Validators('"a1"', "a date"))
            assert isinstance(got, Response)
            assert (got.status, got.body, got.validators.etag) == (304, b"", '"a1"')
    assert 'If-None-Match: "a1"\r\n' in server.heads[0]
    assert "If-Modified-Since: a date\r\n" in server.heads[0]
    assert server.connections == 1


OCTETS = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 0\r\n\r\n"
AWAY = page(b"", "Location: https://other.example/robots.txt", status="301 Moved")


@pytest.mark.parametrize(("answer", "problem"), [(OCTETS, "not HTML"), (AWAY, "leaves the site")])
def test_what_is_no_page_may_have_any_type_and_another_host(answer: bytes, problem: str) -> None:
    with raw_server(sends(answer, hang_up=False)) as server:
        exchange = Exchange(catalogue_at(server.url))
        got = exchange.get(f"{server.url}/robots.txt", is_page=False)
        assert isinstance(got, Redirect) == (answer == AWAY)
        with pytest.raises(FetchError, match=problem):
            exchange.get(f"{server.url}/p")


def test_what_is_no_page_is_asked_for_without_cookies_and_credentials() -> None:
    answer = page(b"", "Set-Cookie: session=s3cret; Path=/")
    with raw_server(sends(answer, hang_up=False)) as server:
        cookies = CookieJar()
        exchange = Exchange(
            catalogue_at(server.url), cookies=cookies, authorization="Bearer s3cret"
        )
        exchange.get(f"{server.url}/robots.txt", is_page=False)
        assert list(cookies) == []
        exchange.get(f"{server.url}/p")
        exchange.get(f"{server.url}/robots.txt", is_page=False)
    assert "s3cret" in server.heads[1]
    assert "s3cret" not in server.heads[2]


@pytest.mark.parametrize("declares", [True, False])
@pytest.mark.parametrize("compresses", [True, False])
def test_of_what_is_no_page_the_start_is_read_and_the_rest_is_not_waited_for(
    declares: bool, compresses: bool
) -> None:
    text = random.Random(1).randbytes(600 * 1024)
    sent = gzip.compress(text) if compresses else text

    def script(visit: Visit) -> None:
        lines = ["HTTP/1.1 200 OK", "Content-Encoding: gzip" if compresses else "X: y"]
        lines += ["Content-Length: 99999999999"] if declares else []
        visit.send("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
        visit.stay_silent()

    with raw_server(script) as server:
        catalogue = catalogue_at(server.url, limits={"max_body_bytes": 1000})
        answer = Exchange(catalogue).get(f"{server.url}/robots.txt", is_page=False)
    assert isinstance(answer, Response)
    assert answer.body == text[: MAX_ROBOTS_BYTES + 1]


def test_what_is_no_page_is_a_failure_if_it_breaks_before_its_start_is_read() -> None:
    script = sends(page(b"User-agent: *", "Content-Length: 99999999"))
    with raw_server(script) as server, pytest.raises(FetchError) as caught:
        Exchange(catalogue_at(server.url)).get(f"{server.url}/robots.txt", is_page=False)
    assert caught.value.kind == "short_body"


def test_what_is_no_page_is_had_from_elsewhere_only_if_that_is_public() -> None:
    """A catalogue of this machine may be crawled, and lead to nothing else on it."""
    with raw_server(sends(page())) as own, raw_server(sends(page())) as other:
        exchange = Exchange(catalogue_at(own.url))
        assert exchange.get(f"{own.url}/robots.txt", is_page=False)
        with pytest.raises(FetchError) as caught:
            exchange.get(f"{other.url}/robots.txt", is_page=False)
    assert caught.value.kind == "address_refused"
    assert other.heads == []


def test_one_connection_serves_many_requests_also_after_failures() -> None:
    answers = iter(
        [
            page(),
            page(b"gone", status="404 Not Found"),
            page(b"", "Location: /p", status="302 Found"),
            page(b""),
            page(),
        ]
    )
    with raw_server(lambda visit: visit.send(next(answers))) as server:
        exchange = Exchange(catalogue_at(server.url))
        for _ in range(5):
            with contextlib.suppress(FetchError):
                exchange.get(server.url)
        assert len(server.heads) == 5
        assert server.connections == 1


def test_sixteen_threads_share_one_exchange() -> None:
    """Each thread gets its own answers, over no more connections than threads."""

    def script(visit: Visit) -> None:
        visit.send(page(visit.path.encode() * 500))

    mixed_up: list[str] = []
    with raw_server(script) as server:
        exchange = Exchange(catalogue_at(server.url, politeness={"concurrency": 16}))

        def crawl(thread: int) -> None:
            for number in range(20):
                path = f"/p{thread}-{number}"
                answer = exchange.get(server.url + path)
                if not isinstance(answer, Response) or answer.body != path.encode() * 500:
                    mixed_up.append(path)

        threads = [threading.Thread(target=crawl, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        assert len(server.heads) == 16 * 20
        assert server.connections <= 16
        exchange.close()
    assert mixed_up == []


def test_a_form_is_posted_and_its_cookie_is_sent_back() -> None:
    answer = page(
        b"", "Set-Cookie: session=s3cret; Path=/", "Location: /in", status="303 See Other"
    )
    with raw_server(sends(answer, hang_up=False)) as server:
        exchange = Exchange(catalogue_at(server.url), cookies=CookieJar())
        posted = exchange.post_form(f"{server.url}/login", {"user": "m & m", "näme": "x"})
        exchange.get(f"{server.url}/p")
    assert posted == Redirect(f"{server.url}/login", f"{server.url}/in", 303)
    head, _, body = server.heads[0].partition("\r\n\r\n")
    assert head.startswith("POST /login HTTP/1.1")
    assert "Content-Type: application/x-www-form-urlencoded" in head
    assert body == "user=m+%26+m&n%C3%A4me=x"
    assert "Cookie: session=s3cret\r\n" in server.heads[1]


def test_authorization_is_sent_to_the_catalogues_own_site_only() -> None:
    with raw_server(sends(page())) as own, raw_server(sends(page())) as other:
        exchange = Exchange(catalogue_at(own.url), authorization="Bearer s3cret")
        exchange.get(own.url)
        exchange.get(other.url)
    assert "Authorization: Bearer s3cret\r\n" in own.heads[0]
    assert "s3cret" not in other.heads[0]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "/p",
        "http://",
        "http://[::1",
        "http://me:s3cret@127.0.0.1/",
    ],
)
def test_a_url_that_cannot_be_requested_is_refused(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        Exchange(catalogue_at("http://127.0.0.1")).get(url)
    assert caught.value.kind == "bad_url"
    assert "s3cret" not in str(caught.value)
