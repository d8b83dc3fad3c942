"""The catalogues that come with the project: they load, and read the practice shop's pages."""

import pytest

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.finding import BUNDLED_FOLDER, catalogue_files
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.schema import TYPE_NAME
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.records import Columns
from catalog_pipeline.sandbox.markup import listing_page
from catalog_pipeline.sandbox.products import product

BUNDLED = ["books_toscrape", "catalog108", "sandbox", "sandbox_members", "sandbox_open"]


def read(catalogue: Catalogue, page: str, content_type: str | None = None) -> Columns:
    """The columns of a first page."""
    url = catalogue.page_address(PageKey(1))
    reader = ListingParser(catalogue)
    return reader.read(page.encode(), url=url, page=PageKey(1), content_type=content_type).columns


def test_these_catalogues_are_bundled_and_only_the_practice_shop_is_refreshed_by_itself():
    assert sorted(catalogue_files({})) == BUNDLED
    scheduled = {name: load_catalogue(name, {}).schedule for name in BUNDLED}
    assert [name for name, schedule in scheduled.items() if schedule and schedule.enabled] == [
        "sandbox"
    ]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_catalogue_names_the_component_and_has_a_description(name):
    text = (BUNDLED_FOLDER / name / "defs.yaml").read_text(encoding="utf-8")
    assert f"\ntype: {TYPE_NAME}\n" in text
    assert load_catalogue(name, {}).description


@pytest.mark.parametrize("name", ["sandbox", "sandbox_members", "sandbox_open", "catalog108"])
def test_it_reads_the_products_of_the_practice_shop(name):
    catalogue = load_catalogue(name, {})
    goods = [product(number) for number in range(1, 201)]
    columns = read(catalogue, listing_page(goods, 1), "text/html; charset=utf-8")
    assert columns["product_id"] == [item.id for item in goods]
    assert columns["name"] == [item.name for item in goods]
    assert columns["url"] == [catalogue.base_url + item.path for item in goods]
    assert columns["price"] == [str(item.price) for item in goods]
    assert set(columns["price_currency"]) == {"USD"}
    old_prices = [None if item.old_price is None else str(item.old_price) for item in goods]
    assert columns["old_price"] == old_prices


def test_the_practice_shop_gives_all_its_details():
    catalogue = load_catalogue("sandbox", {})
    goods = [product(number) for number in range(1, 21)]
    columns = read(catalogue, listing_page(goods, 1))
    assert columns["category"] == [item.category_name for item in goods]
    assert columns["category_slug"] == [item.category for item in goods]
    assert columns["rating"] == [float(item.rating) for item in goods]
    assert columns["reviews"] == [item.reviews for item in goods]
    assert columns["in_stock"] == [item.in_stock for item in goods]


@pytest.mark.parametrize(
    "card",
    [
        '<div class="product-card"><a href="/products/334-black-wooden-cable">'
        "<h3>Black Wooden Cable</h3></a><del>$50.39</del> <span class='price'>$43.84</span></div>",
        '<a class="product-card" href="/products/334-black-wooden-cable"><h2 class="card-title">'
        "Black Wooden Cable</h2><p class='price'>$43.84</p><s>$50.39</s></a>",
        '<li itemscope itemtype="https://schema.org/Product"><a itemprop="url"'
        ' href="/products/334-black-wooden-cable"><b itemprop="name">Black Wooden Cable</b></a>'
        '<i itemprop="price" content="43.84">now $43.84</i><i class="old-price">$50.39</i></li>',
    ],
    ids=["spans", "link", "microdata"],
)
def test_catalog108_bears_several_kinds_of_markup(card):
    catalogue = load_catalogue("catalog108", {})
    columns = read(catalogue, card)
    assert {name: cells[0] for name, cells in columns.items()} == {
        "product_id": 334,
        "name": "Black Wooden Cable",
        "url": f"{catalogue.base_url}/products/334-black-wooden-cable",
        "price": "43.84",
        "price_currency": "USD",
        "old_price": "50.39",
        "old_price_currency": "USD",
        "category": None,
    }
