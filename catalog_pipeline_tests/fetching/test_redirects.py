from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.redirects import check_redirect, is_same_site
from catalog_pipeline.records import Redirect
from catalog_pipeline_tests.fetching.raw_server import catalogue_at, page, raw_server, sends

_FROM = "http://shop.example/p?page=1"


@pytest.mark.parametrize(
    ("from_url", "location", "expected"),
    [
        (_FROM, "/q?page=2", "http://shop.example/q?page=2"),
        (_FROM, "q", "http://shop.example/q"),
        (_FROM, "?page=2", "http://shop.example/p?page=2"),
        (_FROM, "//www.shop.example/p", "http://www.shop.example/p"),
        (_FROM, "https://shop.example/p", "https://shop.example/p"),
        (_FROM, "HTTPS://SHOP.EXAMPLE", "https://shop.example/"),
        (_FROM, "https://www.shop.example/p#top", "https://www.shop.example/p"),
        (_FROM, "http://shop.example\\@other.example/", "http://shop.example/@other.example/"),
        (_FROM, "/a b", "http://shop.example/a%20b"),
        (_FROM, "/caf\xc3\xa9", "http://shop.example/caf%C3%A9"),
        ("https://www.shop.example/p", "https://shop.example/p", "https://shop.example/p"),
    ],
)
def test_a_redirect_within_the_site_is_allowed(from_url: str, location: str, expected: str) -> None:
    assert check_redirect(catalogue_at("http://shop.example"), from_url, location) == expected


@pytest.mark.parametrize(
    ("from_url", "location"),
    [
        (_FROM, "http://other.example/p"),
        (_FROM, "http://shop.example.other.example/p"),
        (_FROM, "http://shop.example:8080/p"),
        (_FROM, "http://127.0.0.1/p"),
        (_FROM, "//other.example/p"),
        (_FROM, "/\\other.example"),
        (_FROM, "\\\\other.example/p"),
        (_FROM, "http://other.example\\@shop.example/"),
        (_FROM, "ftp://shop.example/p"),
        (_FROM, "file:///etc/passwd"),
        (_FROM, "javascript:alert(1)"),
        (_FROM, "data:text/html,x"),
        (_FROM, "http://me:secret@shop.example/p"),
        (_FROM, "http://[::1/p"),
        (_FROM, "http://shop.example:99999999/p"),
        (_FROM, "/p\r\nX: y"),
        ("https://shop.example/p", "http://shop.example/p"),
        ("https://shop.example/p", "http://friend.example/p"),
    ],
)
def test_a_redirect_away_from_the_site_is_refused(from_url: str, location: str) -> None:
    catalogue = catalogue_at("http://shop.example", limits={"redirect_hosts": ["friend.example"]})
    with pytest.raises(FetchError) as caught:
        check_redirect(catalogue, from_url, location)
    assert caught.value.kind == "redirect_refused"
    assert "secret" not in str(caught.value)


def test_what_is_no_page_may_redirect_to_any_host_but_no_less_securely() -> None:
    """As RFC 9309 has it for robots.txt; whether the host is public is seen when it is met."""
    catalogue = catalogue_at("http://shop.example")
    elsewhere = "https://other.example/robots.txt"
    assert check_redirect(catalogue, _FROM, elsewhere, to_any_host=True) == elsewhere
    for refused in ("ftp://other.example/robots.txt", "http://me:secret@other.example/"):
        with pytest.raises(FetchError):
            check_redirect(catalogue, _FROM, refused, to_any_host=True)
    with pytest.raises(FetchError, match="leaves https"):
        check_redirect(catalogue, elsewhere, "http://other.example/robots.txt", to_any_host=True)


@pytest.mark.parametrize(
    ("named", "location", "is_allowed"),
    [
        ("friend.example", "http://friend.example/p", True),
        ("friend.example", "http://friend.example:8080/p", True),
        ("Friend.Example", "https://friend.example/p", True),
        ("friend.example:8080", "http://friend.example:8080/p", True),
        ("friend.example:8080", "http://friend.example/p", False),
        ("friend.example", "http://sub.friend.example/p", False),
    ],
)
def test_a_host_that_the_yaml_names_may_be_redirected_to(
    named: str, location: str, is_allowed: bool
) -> None:
    catalogue = catalogue_at("http://shop.example", limits={"redirect_hosts": [named]})
    if is_allowed:
        assert check_redirect(catalogue, _FROM, location) == location.lower()
    else:
        with pytest.raises(FetchError, match="redirect_hosts"):
            check_redirect(catalogue, _FROM, location)


@given(st.text(max_size=60) | st.from_regex(r"[/\\:@#?htps.a-z\[\]%0-9]{1,40}"))
@settings(max_examples=300)
def test_whatever_the_location_an_allowed_one_stays_on_the_site(location: str) -> None:
    with suppress(FetchError):
        parts = parse_url(check_redirect(catalogue_at("http://shop.example"), _FROM, location))
        # A dot at its end makes it no other host.
        assert (parts.host or "").removesuffix(".") in ("shop.example", "www.shop.example")
        assert parts.scheme in ("http", "https")
        assert parts.auth is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_handed_back_and_not_followed(status: int) -> None:
    answer = page(b"moved", "Location: /elsewhere", status=f"{status} Moved")
    with raw_server(sends(answer)) as server:
        got = Exchange(catalogue_at(server.url)).get(f"{server.url}/p")
    assert got == Redirect(f"{server.url}/p", f"{server.url}/elsewhere", status)
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        ("302 Found", ["Location: http://other.example/"], "redirect_refused"),
        ("302 Found", [], "status_unexpected"),
        ("304 Not Modified", [], "status_unexpected"),
        ("300 Multiple Choices", ["Location: /p"], "status_unexpected"),
    ],
)
def test_a_redirect_that_leads_nowhere_good_names_the_page(
    status: str, headers: list[str], kind: str
) -> None:
    with (
        raw_server(sends(page(b"", *headers, status=status))) as server,
        pytest.raises(FetchError) as caught,
    ):
        Exchange(catalogue_at(server.url)).get(f"{server.url}/p", page=PageKey(7))
    assert (caught.value.kind, caught.value.page) == (kind, PageKey(7))


@pytest.mark.parametrize(
    ("base_url", "url", "expected"),
    [
        ("https://shop.example", "https://www.shop.example/p", True),
        ("http://shop.example", "https://shop.example/p", True),
        ("https://shop.example", "http://shop.example/p", False),
        ("https://shop.example", "https://friend.example/p", False),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", False),
    ],
)
def test_credentials_go_to_the_site_itself_only(base_url: str, url: str, expected: Any) -> None:
    assert is_same_site(catalogue_at(base_url), url) is expected


def test_an_address_that_nobody_need_understand_is_refused_in_one_line() -> None:
    location = "/p?" + "x" * 60_000
    with pytest.raises(FetchError, match="more than 8000 characters") as caught:
        check_redirect(catalogue_at("http://shop.example"), _FROM, location)
    assert caught.value.kind == "redirect_refused"
    assert len(str(caught.value)) < 400
    assert check_redirect(catalogue_at("http://shop.example"), _FROM, location[:7900])


def test_an_address_is_cut_where_it_is_shown() -> None:
    long = f"http://shop.example/p?{'x' * 7000}&page=2"
    script = sends(page(status="404 Not Found"))
    with raw_server(script) as server, pytest.raises(FetchError) as caught:
        Exchange(catalogue_at(server.url)).get(long.replace("http://shop.example", server.url))
    assert len(str(caught.value)) < 700
    assert "/p?xxx" in caught.value.url
    assert caught.value.url.endswith("&page=2")
