"""A Content-Type as browsers read it, however it is sent."""

import pytest

from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.content_type import effective_type
from catalog_pipeline.records import Response
from catalog_pipeline_tests.fetching.raw_server import catalogue_at, raw_server, sends


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        (None, None),
        ("", None),
        ("html", None),
        ("*/*", None),
        ("text/html", "text/html"),
        ("TEXT/HTML;", "text/html"),
        ("text/html; charset=UTF-8", "text/html; charset=UTF-8"),
        ('text/html;charset="koi8-r"', "text/html; charset=koi8-r"),
        ("text/html charset=utf-8", "text/html; charset=utf-8"),
        ("text/html; charset=none", "text/html"),
        ("text/html; charset=none; charset=utf-8", "text/html; charset=utf-8"),
        ("text/html; charset=utf-8; charset=koi8-r", "text/html; charset=utf-8"),
        ("text/html, text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("text/html; charset=koi8-r, text/html", "text/html; charset=koi8-r"),
        ("application/json; charset=koi8-r, text/html", "text/html"),
        ("text/html, application/json", "application/json"),
        ('text/html; x="a, b/c"; charset=koi8-r', "text/html; charset=koi8-r"),
        (", text/html", "text/html"),
        ("some words", "some words"),
        ("text/html;" + " " * 60_000 + "charset=utf-8", "text/html"),
    ],
)
def test_one_type_is_read(header: str | None, meant: str | None) -> None:
    assert effective_type(header) == meant


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Type: text/html\r\nContent-Type: text/html; charset=utf-8\r\n",
        b"Content-Type: text/html charset=utf-8\r\n",
        b"Content-Type: text/html; charset=none\r\n",
        b"Content-Encoding: none\r\n",
        b"Content-Encoding: UTF-8\r\n",
        b"Content-Encoding: identity, utf8\r\n",
        b"Content-Encoding: html\r\n",
        b"Content-Encoding:\r\n",
        b"X: y\r\n" * 120,
    ],
)
def test_a_page_whose_headers_are_odd_is_had_as_browsers_show_it(lines: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 4\r\n\r\nhere"
    with raw_server(sends(answer)) as server:
        got = Exchange(catalogue_at(server.url)).get(server.url)
    assert isinstance(got, Response)
    assert got.body == b"here"
