"""What a thread was reading, in the words of the YAML."""

from __future__ import annotations

from typing import Any

import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.reading.read_places import read_place
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline.reading.watch import Place, watched

PAGE = PageKey(1)
HTML = b"<p>2 products<ul><li><b>1</b> <i>a</i><li><b>2</b> <i>b</i></ul>"


def _catalogue(**changes: Any) -> Catalogue:
    attributes: dict[str, Any] = {
        "name": "shop",
        "base_url": "https://shop.example",
        "page_url": "/{page}",
        "last_page": 2,
        "product": ["li", "article"],
        "fields": {
            "title": {"template": "{sku} {name}"},
            "sku": {"select": "b"},
            "name": {"select": "i", "pattern": "[a-z]+"},
        },
        "total": {"select": "p", "pattern": "[0-9]+"},
        "key": "sku",
    }
    given = {key: value for key, value in (attributes | changes).items() if value is not None}
    return Catalogue.model_validate(given)


def _noted(catalogue: Catalogue, body: bytes) -> list[int]:
    noted: list[int] = []
    with watched(noted.append):
        reader_of(catalogue).read(body, url="https://shop.example/1", page=PAGE)
    return noted


def test_every_place_is_noted_when_it_is_evaluated_and_none_at_the_end():
    """Templates come after the fields that they are made of."""
    expected = [Place.PRODUCTS, 2, 3, 1, Place.TOTAL, Place.NONE]
    assert _noted(_catalogue(), HTML) == expected


def test_so_it_is_with_json():
    catalogue = _catalogue(
        product=None,
        records={"from": "json", "path": "items"},
        fields={"sku": {"json": "id"}, "title": {"template": "no. {sku}"}},
        total={"json": "count"},
    )
    body = b'{"items": [{"id": "a"}], "count": 1}'
    # The template's place in the YAML is passed too.
    assert _noted(catalogue, body)[-3:] == [2, Place.TOTAL, Place.NONE]
    assert _noted(catalogue, body)[:2] == [Place.PRODUCTS, 1]


NEXT = {"kind": "linked", "next": {"select": ["a.next", "a[rel=next]"]}}
LAST = {"kind": "told", "last": {"select": "b.last", "pattern": "[0-9]+"}}
PRODUCTS = {"kind": "told", "last": {"total": {"select": "b.all"}, "per_page": 20}}
FORM = {"kind": "form", "page": "/in", "username_env": "A", "password_env": "B"}
STATE = {"from": "embedded", "script": "script#state", "path": "items"}
FIELDS = {"sku": {"json": "id"}}


@pytest.mark.parametrize(
    ("number", "changes", "text"),
    [
        (2, {}, "field sku"),
        (3, {}, "field name"),
        (Place.PRODUCTS, {}, "product li | article"),
        (Place.PRODUCTS, {"records": STATE, "product": None, "total": None, "fields": FIELDS},
         "records script#state | items"),
        (Place.TOTAL, {}, "total p"),
        (Place.TELLING, {"last_page": None, "pages": NEXT}, "pages.next a.next | a[rel=next]"),
        (Place.TELLING, {"last_page": None, "pages": LAST}, "pages.last b.last"),
        (Place.TELLING, {"last_page": None, "pages": PRODUCTS}, "pages.last.total b.all"),
        (Place.LOGIN_FORM, {"login": FORM}, "login.form form"),
        (Place.LOGGED_IN, {"login": FORM | {"logged_in": "a.out"}}, "login.logged_in a.out"),
        (Place.LOGIN_ERROR, {"login": FORM | {"error": ".no"}}, "login.error .no"),
        (Place.PRODUCTS, {"product": "a" * 300}, f"product {'a' * 112}…"),
    ],
)  # fmt: skip
def test_a_place_is_told_by_its_key_and_what_is_evaluated_there(
    number: int, changes: dict[str, Any], text: str
):
    assert str(read_place(_catalogue(**changes), number, PAGE)) == text


def test_patterns_are_told_and_no_place_is_none():
    name, total = (read_place(_catalogue(), number, PAGE) for number in (3, Place.TOTAL))
    assert name is not None
    assert (name.field, name.pattern) == ("name", "[a-z]+")
    assert total is not None
    assert (total.field, total.pattern) == (None, "[0-9]+")
    assert read_place(_catalogue(), Place.NONE, PAGE) is None
    assert read_place(_catalogue(), 4, PAGE) is None
