"""The public shop as a client sees it: markup, validators, figures."""

import gzip
import re
from decimal import Decimal

import pytest
from lxml import etree, html

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.products import product
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.sandbox.conftest import Ask


def test_a_listing_page_shows_its_twenty_products(ask: Ask) -> None:
    page = html.fromstring(ask("/products?page=17").text)
    cards = page.find_class("product-card")
    assert len(cards) == 20
    for number, card in enumerate(cards, 321):
        item = product(number)
        (link,) = card.xpath('.//h2[@class="product-name"]/a')
        (price,) = card.find_class("price")
        (stock,) = card.find_class("stock")
        (rating,) = card.find_class("rating")
        assert (link.text, link.get("href")) == (item.name, item.path)
        assert price.text == f"${item.price:,}"
        assert stock.text == ("In stock" if item.in_stock else "Out of stock")
        assert Decimal(rating.get("data-rating")) == item.rating
        assert card.xpath('string(.//p[@class="product-category"]/a)') == item.category_name


@pytest.mark.parametrize(
    ("path", "following"),
    [
        ("/products", "/products?page=2"),
        ("/products?page=49", "/products?page=50"),
        ("/products?page=50", None),
        (
            "/products?page=2&category=kitchen-mugs",
            "/products?page=3&category=kitchen-mugs",
        ),
    ],
)
def test_the_next_link_leads_on_until_the_last_page(
    ask: Ask, path: str, following: str | None
) -> None:
    links = html.fromstring(ask(path).text).xpath('//a[.="Next"]/@href')
    assert links == ([] if following is None else [following])


@pytest.mark.parametrize(
    "path",
    [
        "/products?page=51",
        "/products?page=0",
        "/products?page=-1",
        "/products?page=two",
        f"/products?page={'9' * 5000}",
        "/products?page=99&category=kitchen-mugs",
        "/products?page=1&category=cars",
        "/products/1-wrong-slug",
        "/products/1001-silver-ceramic-scarf",
        "/nowhere",
    ],
)
def test_what_is_not_there_is_a_404_with_a_page(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.status == 404
    assert "Not found" in answer.text
    assert "product-card" not in answer.text


def test_a_category_lists_all_of_its_products_and_no_other(ask: Ask) -> None:
    found: list[str] = []
    path: str | None = "/products?page=1&category=kitchen-mugs"
    while path:
        page = html.fromstring(ask(path).text)
        found += page.xpath('//*[@class="product-card"]/@data-product-id')
        path = next(iter(page.xpath('//a[.="Next"]/@href')), None)
    expected = [n for n in range(1, 1001) if product(n).category == "kitchen-mugs"]
    assert [int(number) for number in found] == expected


def test_a_product_page_has_microdata(ask: Ask) -> None:
    item = product(334)
    page = html.fromstring(ask("/products/334-black-wooden-cable").text)
    assert page.xpath("string(//*[@itemprop='name'])") == "Black Wooden Cable"
    assert page.xpath("//*[@itemprop='price']/@content") == [str(item.price)]
    assert [link.text for link in page.cssselect(".crumbs a")] == ["Home", "Products", "Cables"]
    rows = [[cell.text for cell in row] for row in page.cssselect(".spec-table tr")]
    assert rows == [list(row) for row in item.spec]


def test_deals_show_the_old_price_first_and_a_true_minus(ask: Ask) -> None:
    deals = html.fromstring(ask("/deals").text).find_class("deal")
    assert len(deals) == 40
    for deal in deals:
        pattern = r"[\w ]+ \$[\d,]+\.\d\d \$[\d,]+\.\d\d \u2212\d+%"
        assert re.fullmatch(pattern, deal.text_content())


def test_robots_txt_allows_everything_until_it_is_changed(shop: RunningShop, ask: Ask) -> None:
    assert "Allow: /\n" in ask("/robots.txt").text
    assert "Crawl-delay" not in ask("/robots.txt").text
    shop.control(robots_txt="User-agent: *\nDisallow: /deals\n")
    assert ask("/robots.txt").text == "User-agent: *\nDisallow: /deals\n"


def test_the_index_of_sitemaps_leads_to_that_of_the_categories(shop: RunningShop, ask: Ask) -> None:
    shop.control(categories=["bags", "sport"])
    index = etree.fromstring(ask("/sitemap_index.xml").body).xpath("//*[local-name()='loc']/text()")
    assert index == [f"{shop.url}/sitemap.xml", f"{shop.url}/sitemap-categories.xml.gz"]
    listed = etree.fromstring(gzip.decompress(ask("/sitemap-categories.xml.gz").body))
    assert listed.xpath("//*[local-name()='loc']/text()") == [
        f"{shop.url}/products?category={each}" for each in ("bags", "sport")
    ]
    home = html.fromstring(ask("/").body)
    assert len(home.xpath("//main//li/a")) == 2
    assert ask("/products?category=garden").status == 404
    with pytest.raises(UsageError, match="categories must be among"):
        shop.control(categories=["x"])


def test_the_sitemap_names_every_page_and_product(shop: RunningShop, ask: Ask) -> None:
    urls = etree.fromstring(ask("/sitemap.xml").body).xpath("//*[local-name()='loc']/text()")
    assert len(urls) == len(set(urls)) == 2 + 50 + 1000
    assert f"{shop.url}/products?page=50" in urls
    assert f"{shop.url}/products/334-black-wooden-cable" in urls


@pytest.mark.parametrize("path", ["/", "/style.css", "/images/334.svg", "/members/login"])
def test_the_rest_of_the_shop_is_there(ask: Ask, path: str) -> None:
    assert ask(path).status == 200


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("If-None-Match", "{etag}"),
        ("If-None-Match", "W/{etag}"),
        ("If-None-Match", '"other", {etag}'),
        ("If-None-Match", "*"),
        ("If-Modified-Since", "{last_modified}"),
        ("If-Modified-Since", "Sat, 05 Jan 2030 08:00:00 GMT"),
    ],
)
def test_an_unchanged_page_is_a_304(shop: RunningShop, ask: Ask, header: str, form: str) -> None:
    first = ask("/products?page=3").headers
    value = form.format(etag=first["ETag"], last_modified=first["Last-Modified"])
    answer = ask("/products?page=3", headers={header: value})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == first["ETag"]
    hits = shop.hits()
    assert (hits["pages"], hits["not_modified"], hits["total"]) == ({"3": 1}, {"3": 1}, 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"other"'},
        {"If-Modified-Since": "Mon, 05 Jan 2026 07:59:59 GMT"},
        {"If-Modified-Since": "some day"},
        {"If-None-Match": '"other"', "If-Modified-Since": "Sat, 05 Jan 2030 08:00:00 GMT"},
    ],
)
def test_a_validator_that_does_not_fit_gets_the_page(ask: Ask, headers: dict[str, str]) -> None:
    assert ask("/products?page=3", headers=headers).status == 200


def test_a_revised_page_has_new_validators_and_one_other_price(shop: RunningShop, ask: Ask) -> None:
    before, untouched = ask("/products?page=3"), ask("/products?page=4")
    shop.control(revise=[3])
    old = {"If-None-Match": before.headers["ETag"]}
    after = ask("/products?page=3", headers=old)
    assert after.status == 200
    assert after.headers["Last-Modified"] != before.headers["Last-Modified"]
    changed = [_prices(before.text)[i] != _prices(after.text)[i] for i in range(20)]
    assert changed == [True] + [False] * 19
    assert ask("/products?page=4").headers["ETag"] == untouched.headers["ETag"]


def test_a_shop_that_grows_changes_only_the_page_that_was_the_last(
    shop: RunningShop, ask: Ask
) -> None:
    before = {page: ask(f"/products?page={page}").headers["ETag"] for page in (49, 50)}
    shop.control(pages=60)
    assert ask("/products?page=60").status == 200
    assert ask("/products?page=49").headers["ETag"] == before[49]
    assert ask("/products?page=50").headers["ETag"] != before[50]


def test_the_log_tells_when_each_request_came(shop: RunningShop, ask: Ask) -> None:
    shop.control(latency_ms=100)
    ask("/products?page=3")
    ask("/products?page=99")
    log = shop.log()
    assert [entry[1:] for entry in log] == [
        ("/products?page=3", 200),
        ("/products?page=99", 404),
    ]
    assert log[1][0] - log[0][0] >= 0.1


def test_figures_can_be_set_to_zero(shop: RunningShop, ask: Ask) -> None:
    ask("/products?page=3")
    shop.control(reset_hits=True)
    assert shop.hits()["total"] == 0
    assert shop.log() == []


@pytest.mark.parametrize(
    "change",
    [
        {"page": 3},
        {"pages": 0},
        {"pages": "many"},
        {"latency_ms": -1},
        {"faults": "3=500"},
        {"faults": ["3=boom"]},
        {"revise": ["3"]},
        {"session_requests": 0},
    ],
)
def test_a_wrong_change_is_refused(shop: RunningShop, change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="practice shop"):
        shop.control(**change)


def test_changes_from_a_foreign_web_page_are_refused(ask: Ask) -> None:
    """A form or a script of another origin can send plain text without asking first."""
    headers = {"Content-Type": "text/plain"}
    answer = ask("/__control", method="POST", headers=headers, body='{"pages": 1}')
    assert answer.status == 415
    assert ask("/products?page=2").status == 200


def _prices(text: str) -> list[str]:
    return re.findall(r'class="price">([^<]+)<', text)
