"""What a page tells of its listing: the number of its last page, or where the next page is."""

from __future__ import annotations

from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline.reading.told import telling_reader
from catalog_pipeline.records import Told
from catalog_pipeline_tests.catalogue.attributes import attributes

URL = "https://shop.example/list?page=1"
JSON = {"records": {"from": "json", "path": "items"}, "product": None}
JSON_FIELDS = {"fields": {"name": {"json": "name"}}}


def _told(
    pages: dict[str, Any],
    body: str,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    next_links: tuple[str, ...] = (),
    **changes: Any,
) -> Told:
    catalogue = catalogue_from_attributes(
        "shop", attributes(last_page=None, pages=pages, **changes)
    )
    reader = telling_reader(catalogue)
    assert reader is not None
    told = reader.read(body.encode(), url=URL, headers=headers, next_links=next_links)
    assert told.by == catalogue.telling_version
    return told


def _last(rule: dict[str, Any], body: str, **given: Any) -> Told:
    return _told({"kind": "told", "last": rule}, body, **given)


def _next(rule: dict[str, Any], body: str, **given: Any) -> Told:
    return _told({"kind": "linked", "next": rule}, body, **given)


@pytest.mark.parametrize(
    ("rule", "body", "last"),
    [
        ({"select": ".n"}, "<p class=n>1,234</p>", 1234),
        ({"select": ".n"}, "<p class=n> 12\n</p><p class=n>12</p>", 12),
        ({"select": [".m", ".n"]}, "<p class=n>7</p>", 7),
        ({"select": ".n", "pattern": "of (\\d+)"}, "<p class=n>Page 1 of 24</p>", 24),
        ({"select": "a", "attribute": "data-n"}, "<a data-n=9>last</a>", 9),
        ({"select": "(//a)[last()]/text()"}, "<a>1</a><a>2</a><a>31</a>", 31),
        ({"total": {"select": ".n"}, "per_page": 20}, "<p class=n>101</p>", 6),
        ({"total": {"select": ".n"}, "per_page": 20}, "<p class=n>100</p>", 5),
        ({"total": {"select": ".n"}, "per_page": 20}, "<p class=n>1</p>", 1),
    ],
)
def test_a_number_that_can_be_read_one_way_is_the_last_page(
    rule: dict[str, Any], body: str, last: int
):
    told = _last(rule, body)
    assert (told.last, told.problem) == (last, "")


@pytest.mark.parametrize(
    ("rule", "body", "why"),
    [
        ({"select": ".n"}, "<p>12</p>", "it finds nothing on the page"),
        ({"select": ".n"}, "<p class=n> </p>", "it finds nothing on the page"),
        ({"select": ".n"}, "<p class=n>Page 1 of 24</p>", "no integer"),
        ({"select": ".n"}, "<p class=n>1<sup>2</sup></p>", "digits of different elements"),
        ({"select": "a"}, "<a>1</a><a>2</a><a>24</a>", "3 different numbers ('1', '2', '24')"),
        ({"select": "a"}, "<a>1</a><a>Next</a>", "no integer"),
        ({"select": "p", "pattern": "\\d+"}, "<p>Page 1 of 24</p>", "('1', '24')"),
        ({"select": "p", "pattern": "of (\\d+)"}, "<p>24</p>", "does not match (found: '24')"),
        ({"select": "p", "pattern": "of (\\d+)"}, "<p>Page 1 of 1,234</p>", "'1' out of '1,234'"),
        ({"select": "p", "pattern": "of (\\d+)"}, "<p>of 1 234</p>", "'1' out of '1 234'"),
        ({"select": "p", "pattern": "(\\d+) p"}, "<p>1.234 p</p>", "'234' out of '1.234'"),
        ({"select": "p", "pattern": "of (\\d*)"}, "<p>of x</p>", "picks nothing"),
        ({"select": "p"}, "<p>0</p>", "it says 0 as the last page (found: '0')"),
        ({"select": "p"}, "<p>-4</p>", "it says -4 as the last page"),
        ({"select": "p"}, "<p>10001</p>", "pages.at_most allows 10,000 pages"),
        ({"select": "p"}, "<p>99999999999999999999</p>", "does not fit"),
        ({"total": {"select": "p"}, "per_page": 9}, "<p>0</p>", "0 products on a page that shows"),
        ({"header": "X-Pages"}, "", "has no such header; it has x-other"),
    ],
)
def test_a_number_with_no_reading_or_two_is_a_problem_that_shows_what_is_there(
    rule: dict[str, Any], body: str, why: str
):
    told = _last(rule, body, headers=(("X-Other", "3"),))
    assert told.last is None
    assert why in told.problem
    assert told.problem.startswith(f"{URL} [pages.last")


def test_a_header_tells_it_whatever_its_case_and_two_that_differ_do_not():
    rule = {"header": "X-WP-TotalPages"}
    assert _last(rule, "", headers=(("x-wp-totalpages", "3"),)).last == 3
    twice = _last(rule, "", headers=(("X-WP-TotalPages", "3"), ("X-WP-TotalPages", "4")))
    assert "2 different numbers" in twice.problem


@pytest.mark.parametrize(
    ("text", "last", "why"),
    [
        ('{"n": 7}', 7, ""),
        ('{"n": "7"}', 7, ""),
        ('{"n": 7.5}', None, "no integer"),
        ('{"n": true}', None, "neither a number nor a text"),
        ('{"n": [7]}', None, "a list of 1"),
        ('{"n": null}', None, "n is null"),
        ('{"m": 7}', None, "there is no n at the top; there is an object with m"),
        ("{", None, "no JSON"),
    ],
)
def test_a_path_in_json_tells_it(text: str, last: int | None, why: str):
    told = _last({"json": "n"}, text, **JSON, **JSON_FIELDS)
    assert told.last == last
    assert why in told.problem


@pytest.mark.parametrize(
    ("rule", "body", "address"),
    [
        ({"select": "a"}, '<a href="?page=2#top"> next </a>', "https://shop.example/list?page=2"),
        ({"select": "a"}, "<a href=/b>1</a><a href=/b>2</a>", "https://shop.example/b"),
        ({"select": "a"}, "<base href=/c/><a href=d>x</a>", "https://shop.example/c/d"),
        ({"select": "b", "attribute": "data-u"}, "<b data-u=/e>", "https://shop.example/e"),
        ({"select": "a"}, "<p>the end</p>", None),
        ({"select": "a"}, "<a>without an address</a>", None),
    ],
)
def test_a_link_leads_to_the_next_page_or_the_listing_ends(
    rule: dict[str, Any], body: str, address: str | None
):
    told = _next(rule, body)
    assert (told.successor, told.problem) == (address, "")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<a href=/b>1</a><a href=/c>2</a>", "it leads to 2 different pages"),
        ('<a href="javascript:next()">next</a>', "no web address"),
    ],
)
def test_a_link_that_leads_two_ways_or_nowhere_is_a_problem(body: str, why: str):
    told = _next({"select": "a"}, body)
    assert told.successor is None
    assert why in told.problem


def test_a_link_header_leads_to_the_next_page():
    rule = {"header": "link"}
    assert _next(rule, "", next_links=("/list?page=2",)).successor == f"{URL[:-1]}2"
    assert _next(rule, "").successor is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('{"next": "a b&c"}', "https://shop.example/list?size=9&after=a+b%26c"),
        ('{"next": 40}', "https://shop.example/list?size=9&after=40"),
        ('{"next": 0}', "https://shop.example/list?size=9&after=0"),
        ('{"next": null}', None),
        ('{"next": ""}', None),
        ('{"next": false}', None),
        ("{}", None),
    ],
)
def test_a_cursor_is_put_into_its_parameter(text: str, address: str | None):
    rule = {"json": "next", "param": "after"}
    told = _next(rule, text, page_url="/list?size=9&after=", **JSON, **JSON_FIELDS)
    assert (told.successor, told.problem) == (address, "")


def test_a_cursor_leaves_the_rest_of_the_query_as_it_is_written():
    query = "q=caf%E9&flag&x=a%20b"
    rule = {"json": "next", "param": "after"}
    page_url = f"/list?{query}&after=1"
    told = _next(rule, '{"next": "2=3"}', page_url=page_url, **JSON, **JSON_FIELDS)
    assert told.successor == f"https://shop.example/list?{query}&after=2%3D3"


def test_an_address_in_json_is_taken_as_it_is_and_an_object_is_none():
    whole = _next({"json": "next"}, '{"next": "/list?c=2"}', **JSON, **JSON_FIELDS)
    assert whole.successor == "https://shop.example/list?c=2"
    odd = _next({"json": "next"}, '{"next": {"c": 2}}', **JSON, **JSON_FIELDS)
    assert "an object with c" in odd.problem


@pytest.mark.parametrize(
    ("pages", "changes", "why"),
    [
        ({"kind": "told", "last": {"select": "p["}}, {}, "pages.last.select"),
        ({"kind": "told", "last": {"json": "n"}}, {}, "the pages are no JSON"),
        ({"kind": "linked", "next": {"json": "n"}}, {}, "the pages are no JSON"),
        ({"kind": "told", "last": {}}, {}, "none is given"),
        ({"kind": "told", "last": {"select": "p", "header": "x"}}, {}, "select and header"),
        ({"kind": "told", "last": {"total": {"select": "p"}}}, {}, "total and per_page go"),
        ({"kind": "told", "last": {"select": "p", "per_page": 3}}, {}, "go together"),
        ({"kind": "linked", "next": {"select": "a", "param": "x"}}, {}, "param is of use with"),
        ({"kind": "linked", "next": {"header": "X-Next"}}, {}, "link"),
        ({"kind": "told", "last": {"select": "p"}}, {**JSON, **JSON_FIELDS}, "selected in JSON"),
        ({"kind": "told", "last": {"select": "p"}}, {"page_url": "/list"}, "{page} once"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_yaml_is_named(pages: dict[str, Any], changes: dict[str, Any], why: str):
    with pytest.raises(CatalogueError, match="shop") as caught:
        reader_of(
            catalogue_from_attributes("shop", attributes(last_page=None, pages=pages, **changes))
        )
    assert why in str(caught.value)
