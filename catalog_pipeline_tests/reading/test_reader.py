"""What every reader of records does, asked of each there is."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.reading.json.listing import JsonListingParser
from catalog_pipeline.reading.reader import Reader, reader_of
from catalog_pipeline_tests.reading.small_catalogues import attributes, catalogue

URL = "https://shop.example/list/3"
Product = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A reader, a catalogue of name, price and stock for it, and bodies as it reads them."""

    make: Callable[[Catalogue], Reader]
    catalogue: Catalogue
    broken: Catalogue
    body: Callable[[list[Product]], bytes]


def _html(products: list[Product]) -> bytes:
    cells = ("".join(f"<i class={name}>{text}</i>" for name, text in p.items()) for p in products)
    return "".join(f"<div class=p>{cell}</div>" for cell in cells).encode()


FIELDS: dict[str, dict] = {
    "name": {"select": ".name"},
    "price": {"select": ".price", "type": "money", "currency": "USD", "range": True},
    "stock": {"select": ".stock", "type": "integer"},
}
JSON_FIELDS: dict[str, dict] = {
    name: {key: value for key, value in {**field, "json": name}.items() if key != "select"}
    for name, field in FIELDS.items()
}


def _json(products: list[Product]) -> bytes:
    return json.dumps({"list": products}).encode()


def _of_json(fields: dict[str, dict]) -> Catalogue:
    records = {"from": "json", "path": "list"}
    described = {**attributes(fields), "records": records, "product": []}
    return catalogue_from_attributes("shop", described)


READERS = {
    "json": Case(
        JsonListingParser, _of_json(JSON_FIELDS), _of_json({"name": {"json": "a["}}), _json
    ),
    "html": Case(ListingParser, catalogue(FIELDS), catalogue({"name": {"select": "a["}}), _html),
    "by the catalogue": Case(
        reader_of, catalogue(FIELDS), catalogue({"name": {"select": "a["}}), _html
    ),
}


@pytest.fixture(params=READERS)
def case(request: pytest.FixtureRequest) -> Case:
    return READERS[request.param]


def _read(case: Case, products: list[Product]) -> dict[str, list]:
    return case.make(case.catalogue).read(case.body(products), url=URL, page=PageKey(3)).columns


def test_each_column_has_one_value_per_product_in_the_pages_order(case: Case):
    columns = _read(case, [{"name": "b", "price": "$5.00", "stock": "1"}, {"name": "a"}])
    assert tuple(columns) == case.catalogue.columns
    assert columns == {
        "name": ["b", "a"],
        "price": ["5.00", None],
        "price_max": [None, None],
        "price_currency": ["USD", None],
        "stock": [1, None],
    }


@pytest.mark.parametrize(
    ("products", "position", "field", "found"),
    [
        ([], None, None, None),
        ([{"name": "a"}, {"price": "$5"}], 2, "name", "$5"),
        ([{"name": "a", "stock": "many"}], 1, "stock", "many"),
        ([{"name": "a"}, {"name": "b", "price": "ask"}], 2, "price", "ask"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_its_place(
    case: Case, products, position, field, found
):
    with pytest.raises(ParseError) as caught:
        _read(case, products)
    error = caught.value
    assert (error.page, error.url) == (PageKey(3), URL)
    assert (error.position, error.field, error.found) == (position, field, found)


def test_a_mistake_in_the_yaml_is_told_before_any_page_is_read(case: Case):
    with pytest.raises(CatalogueError, match=r"fields\.name\.(select|json)"):
        case.make(case.broken)


def test_threads_share_a_reader(case: Case):
    reader = case.make(case.catalogue)
    bodies = [case.body([{"name": f"{n}-{m}"} for m in range(20)]) for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(
                lambda body: reader.read(body, url=URL, page=PageKey(1)).columns["name"], bodies
            )
        )
    assert found == [[f"{n}-{m}" for m in range(20)] for n in range(40)]
