"""What a YAML adds to requests, and who gets to see it."""

import pytest

from catalog_pipeline.errors import LoginError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.request_headers import RequestHeaders
from catalog_pipeline.records import Redirect
from catalog_pipeline_tests.fetching.raw_server import catalogue_at, page, raw_server, sends

ENVIRON = {"SHOP_KEY": "s3cret-key", "SHOP_GATE": "s3cret-gate"}
HEADERS = {"accept-language": "de", "X-Shop-Key": {"env": "SHOP_KEY"}, "ACCEPT": "text/html"}
COOKIES = {"age": "21", "gate": {"env": "SHOP_GATE"}}


def test_headers_and_cookies_of_the_yaml_are_sent_with_pages() -> None:
    with raw_server(sends(page())) as server:
        catalogue = catalogue_at(server.url, headers=HEADERS, cookies=COOKIES)
        Exchange(catalogue, environ=ENVIRON).get(server.url)
    head = server.heads[0]
    assert "accept-language: de\r\n" in head
    assert "X-Shop-Key: s3cret-key\r\n" in head
    assert "Cookie: age=21; gate=s3cret-gate\r\n" in head
    assert head.lower().count("\r\naccept: ") == 1


def test_secret_ones_go_to_the_site_alone_and_none_to_robots_txt() -> None:
    with raw_server(sends(page())) as own, raw_server(sends(page())) as other:
        catalogue = catalogue_at(own.url, headers=HEADERS, cookies=COOKIES)
        exchange = Exchange(catalogue, environ=ENVIRON)
        exchange.get(other.url)
        exchange.get(f"{own.url}/robots.txt", is_page=False)
    assert "accept-language: de\r\n" in other.heads[0]
    for head in (*own.heads, *other.heads):
        assert "s3cret" not in head
        assert "Cookie" not in head


def test_a_cookie_that_the_site_sets_anew_replaces_the_one_of_the_yaml() -> None:
    headers = ["Location: /q", "Set-Cookie: age=99", "Connection: close"]
    with raw_server(sends(page(b"", *headers, status="302 F"))) as shop:
        exchange = Exchange(catalogue_at(shop.url, cookies={"age": "21"}))
        answer = exchange.get(f"{shop.url}/p")
        assert isinstance(answer, Redirect)
        exchange.get(f"{shop.url}/q", visit=answer.cookies)
    assert "Cookie: age=21\r\n" in shop.heads[0]
    assert "Cookie: age=99\r\n" in shop.heads[1]


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "headers.X-Shop-Key needs the environment variable SHOP_KEY"),
        ({**ENVIRON, "SHOP_GATE": "s3cret; x=y"}, "SHOP_GATE is no cookie"),
        ({**ENVIRON, "SHOP_KEY": "s3cret\r\nX: y"}, "SHOP_KEY holds a line break"),
    ],
)
def test_a_secret_that_is_missing_or_unusable_is_named_and_never_shown(
    environ: dict[str, str], problem: str
) -> None:
    catalogue = catalogue_at("http://shop.example", headers=HEADERS, cookies=COOKIES)
    with pytest.raises(LoginError, match=problem) as caught:
        RequestHeaders.of(catalogue, environ)
    assert "s3cret" not in str(caught.value)


def test_their_text_form_shows_no_value() -> None:
    catalogue = catalogue_at("http://shop.example", headers=HEADERS, cookies=COOKIES)
    assert "s3cret" not in repr(RequestHeaders.of(catalogue, ENVIRON))
