"""Which cookies go back, to whom, and how many of them."""

from http.cookiejar import CookieJar

import pytest
from requests import PreparedRequest
from requests.cookies import MockRequest, RequestsCookieJar

from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.cookie_rules import HostBoundPolicy, cookie_header
from catalog_pipeline.records import Redirect
from catalog_pipeline_tests.fetching.raw_server import (
    RawServer,
    Visit,
    catalogue_at,
    page,
    raw_server,
    sends,
)


def _request(url: str) -> PreparedRequest:
    request = PreparedRequest()
    request.prepare("GET", url)
    return request


def _set_at(url: str, *lines: str) -> CookieJar:
    """The jar after an answer from `url` that sets cookies."""

    class _Message:
        def get_all(self, name: str, default: object = None) -> object:
            return list(lines) if name.lower() == "set-cookie" else default

    class _Answer:
        def info(self) -> _Message:
            return _Message()

    jar = CookieJar(HostBoundPolicy())
    jar.extract_cookies(_Answer(), MockRequest(_request(url)))  # type: ignore[arg-type]
    return jar


@pytest.mark.parametrize(
    ("line", "url", "is_sent"),
    [
        ("s=1", "https://shop.test/p", True),
        ("s=1", "http://shop.test/p", True),
        ("s=1", "https://cdn.shop.test/p", False),
        ("s=1", "https://www.shop.test/p", False),
        ("s=1", "https://notshop.test/p", False),
        ("s=1", "https://test/p", False),
        ("s=1", "https://shop.test:8443/p", False),
        ("s=1; Domain=shop.test", "https://cdn.shop.test/p", True),
        ("s=1; Domain=.shop.test", "https://cdn.shop.test/p", True),
        ("s=1; Domain=shop.test", "https://shop.test.evil.example/p", False),
        ("s=1; Domain=other.test", "https://other.test/p", False),
        ("s=1; Domain=test", "https://other.test/p", False),
        ("s=1; Secure", "http://shop.test/p", False),
        ("s=1; Path=/members", "https://shop.test/p", False),
    ],
)
def test_a_cookie_goes_back_to_whom_it_is_meant_for(line: str, url: str, is_sent: bool) -> None:
    jar = _set_at("https://shop.test/login", f"{line}; Path=/" if "Path" not in line else line)
    assert cookie_header(jar, _request(url)) == ("s=1" if is_sent else "")


def test_a_session_of_this_machine_stays_with_its_port() -> None:
    answer = page(b"", "Set-Cookie: session=s3cret; Path=/")
    with raw_server(sends(answer, hang_up=False)) as own, raw_server(sends(page())) as other:
        exchange = Exchange(catalogue_at(own.url), cookies=RequestsCookieJar())
        exchange.get(own.url)
        exchange.get(other.url)
        exchange.get(own.url)
    assert "s3cret" not in other.heads[0]
    assert "Cookie: session=s3cret\r\n" in own.heads[1]


def _after_floods(*names: str, size: int, answers: int) -> RawServer:
    """A server that set cookies of that size with each answer, after one request more."""
    counter = iter(range(10**9))

    def script(visit: Visit) -> None:
        lines = [f"Set-Cookie: c{next(counter)}={'x' * size}; Path=/" for _ in names]
        visit.send(page(b"", *lines))

    with raw_server(script) as server:
        exchange = Exchange(catalogue_at(server.url), cookies=RequestsCookieJar())
        for _ in range(answers):
            exchange.get(server.url)
    return server


def test_no_more_cookies_are_kept_than_the_standard_asks_for() -> None:
    server = _after_floods(*"x" * 60, size=3900, answers=6)
    last = server.heads[-1]
    assert last.count("=xxx") == 50
    assert len(last) < 51 * 4096
    assert "c299=" in last
    assert "c0=" not in last


def test_a_cookie_that_is_too_large_is_not_kept() -> None:
    server = _after_floods("x", size=4100, answers=2)
    assert "Cookie:" not in server.heads[-1]


def test_what_a_redirect_sets_goes_along_with_the_visit_and_no_further() -> None:
    def script(visit: Visit) -> None:
        if "seen=1" in (visit.header("Cookie") or ""):
            visit.send(page(b"in"))
        else:
            visit.send(page(b"", f"Location: {visit.path}", "Set-Cookie: seen=1", status="302 F"))

    with raw_server(script) as server:
        exchange = Exchange(catalogue_at(server.url))
        gate = exchange.get(f"{server.url}/p")
        assert isinstance(gate, Redirect)
        assert not isinstance(exchange.get(gate.location, visit=gate.cookies), Redirect)
        assert isinstance(exchange.get(f"{server.url}/p"), Redirect)
    assert "seen" not in repr(gate)
