"""A site is asked for its listings as it is for its pages: by its rules, logged in, and again."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.discovering import Discoverer, Discovery
from catalog_pipeline.errors import DiscoveryError, LoginError
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline_tests.site import QUICK, bundled_attributes
from catalog_pipeline_tests.written_site import WrittenSite, written_site

LINKS = "<nav><a href=/c/hats>H</a><a href=/c/bags>B</a></nav>"


def _catalogue(url: str, **changes: object) -> Catalogue:
    return catalogue_from_attributes(
        "shop",
        {
            "base_url": url,
            "discover": {"page": "/", "select": "nav a"},
            "product": "li",
            "fields": {"sku": "b"},
            "key": "sku",
            "politeness": {**QUICK, "obey_robots": False},
            **changes,
        },
    )


def _find(catalogue: Catalogue, **given: object) -> Discovery | None:
    assert catalogue.discover is not None
    with Discoverer(catalogue, catalogue.discover, {}, **given) as discoverer:  # type: ignore[arg-type]
        return discoverer.find()


@pytest.fixture
def shop():
    with written_site() as site:
        site.bodies["/"] = LINKS
        yield site


def test_links_of_a_page_behind_a_redirect_are_listings(shop: WrittenSite):
    shop.bodies["/all/"] = "<nav><a href=hats>H</a></nav>"
    shop.answers["/"] = lambda headers: (302, {"location": "/all/"}, "")
    found = _find(_catalogue(shop.url))
    assert found is not None
    assert [each.address for each in found.listings] == ["/all/hats"]


def test_pages_of_json_may_have_listings_that_a_page_of_html_names(shop: WrittenSite):
    records = {"from": "json", "path": "items"}
    given = {"product": None, "records": records, "fields": {"sku": {"json": "sku"}}}
    catalogue = catalogue_from_attributes(
        "shop",
        {
            key: value
            for key, value in {
                **_catalogue(shop.url).model_dump(include={"base_url", "key"}),
                "discover": {"page": "/", "select": "nav a"},
                "page_url": "/api/{listing}?page={page}",
                "last_page": 2,
                "politeness": {**QUICK, "obey_robots": False},
                **given,
            }.items()
            if value is not None
        },
    )
    found = _find(catalogue)
    assert found is not None
    assert [each.name for each in found.listings] == ["bags", "hats"]


def test_what_passes_is_tried_again_and_what_does_not_is_not(shop: WrittenSite):
    left = [503, 500]

    def answer(headers: object) -> tuple[int, dict[str, str], str]:
        return (left.pop(), {}, "") if left else (200, {}, LINKS)

    shop.answers["/"] = answer
    assert _find(_catalogue(shop.url)) is not None
    assert shop.asked["/"] == 3
    shop.answers["/"] = lambda headers: (404, {}, "")
    with pytest.raises(DiscoveryError, match="the server answered 404") as refused:
        _find(_catalogue(shop.url))
    assert (shop.asked["/"], refused.value.may_pass) == (4, False)
    shop.answers["/"] = lambda headers: (503, {}, "")
    with pytest.raises(DiscoveryError, match="the server answered 503") as refused:
        _find(_catalogue(shop.url, politeness={**QUICK, "max_attempts": 2}))
    assert refused.value.may_pass


def test_robots_txt_rules_over_it_and_over_the_pace(shop: WrittenSite):
    shop.bodies["/robots.txt"] = "User-agent: *\nDisallow: /\n"
    with pytest.raises(DiscoveryError, match=r"robots\.txt does not allow it"):
        _find(_catalogue(shop.url, politeness=QUICK))
    assert shop.asked["/"] == 0
    shop.bodies["/robots.txt"] = "User-agent: *\nCrawl-delay: 0.3\n"
    began = time.monotonic()
    assert _find(_catalogue(shop.url, politeness=QUICK)) is not None
    assert time.monotonic() - began >= 0.25, "the rules were asked for a pause before"


def test_a_link_to_another_host_is_named_unless_the_pattern_leaves_it_out(shop: WrittenSite):
    shop.bodies["/"] = LINKS + "<nav><a href='https://other.example/c/socks'>S</a></nav>"
    with pytest.raises(DiscoveryError, match=r"socks is on another host, https://other\.example"):
        _find(_catalogue(shop.url))
    for changes in (
        {"discover": {"page": "/", "select": "nav a", "pattern": r"^/c/(.+)"}},
        {"limits": {"redirect_hosts": ["other.example"]}},
    ):
        assert _find(_catalogue(shop.url, **changes)) is not None


def test_it_stops_when_it_is_told_to(shop: WrittenSite):
    assert _find(_catalogue(shop.url), must_stop=lambda: True) is None
    assert shop.asked["/"] == 0


@pytest.mark.processes
def test_a_login_is_done_once_and_its_session_kept_for_the_crawl(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("CATALOG_PIPELINE_DATA", str(tmp_path))
    with RunningShop(ShopSettings(pages=2)) as running:
        attributes = bundled_attributes("sandbox_members")
        for key in ("practice_shop", "schedule", "page_url", "last_page"):
            attributes.pop(key, None)
        attributes["base_url"] = running.url
        attributes["politeness"] = QUICK
        attributes["discover"] = {"page": "/members/products?page=1", "select": "article h2 a"}
        catalogue = catalogue_from_attributes("shop", attributes)
        user, password = (f"CATALOG_PIPELINE_MEMBER_{each}" for each in ("USERNAME", "PASSWORD"))
        environ = {user: "member", password: "practice"}
        places = catalogue_places("shop")
        places.folder.mkdir(parents=True)
        assert catalogue.discover is not None
        for _ in range(2):
            with Discoverer(catalogue, catalogue.discover, environ, places=places) as discoverer:
                found = discoverer.find()
            assert found is not None
            assert len(found.listings) == 20
            assert sum(running.hits()["logins"].values()) == 1
        wrong = {**environ, password: "wrong"}
        with pytest.raises(LoginError), Discoverer(catalogue, catalogue.discover, wrong) as other:
            other.find()


def _index(*addresses: str) -> str:
    entries = "".join(f"<sitemap><loc>{each}</loc></sitemap>" for each in addresses)
    return f"<sitemapindex>{entries}</sitemapindex>"


def _urlset(*addresses: str) -> str:
    entries = "".join(f"<url><loc>{each}</loc></url>" for each in addresses)
    return f"<urlset>{entries}</urlset>"


def _sitemap_catalogue(shop: WrittenSite, **changes: object) -> Catalogue:
    shop.headers = {"content-type": "application/xml"}
    return _catalogue(shop.url, discover={"sitemap": "/s.xml", "pattern": "^/c/(.+)", **changes})


def test_listings_of_all_sitemaps_of_an_index_are_found_each_asked_for_once(shop: WrittenSite):
    shop.bodies["/s.xml"] = _index("/a.xml", "/deep.xml", "/a.xml", "/s.xml")
    shop.bodies["/deep.xml"] = _index("/b.xml", "/a.xml")
    shop.bodies["/a.xml"] = _urlset("/c/hats", "/p/7", "/p/8")
    shop.bodies["/b.xml"] = _urlset("/c/bags", "/c/hats")
    found = _find(_sitemap_catalogue(shop))
    assert found is not None
    assert [each.address for each in found.listings] == ["/c/bags", "/c/hats"]
    assert (found.addresses, found.others, found.other_addresses) == (5, 2, ("/p/7", "/p/8"))
    assert set(shop.asked.values()) == {1}


@pytest.mark.parametrize(
    ("bodies", "said"),
    [
        ({}, "the server answered 404"),
        ({"/s.xml": _index("/a.xml")}, r"/a\.xml: the server answered 404"),
        ({"/s.xml": _index("https://other.example/a.xml")}, "to a sitemap on another host"),
        ({"/s.xml": _index(*(f"/{each}.xml" for each in range(200)))}, "more than 200 sitemaps"),
        (
            {f"/{name}.xml": _index(f"/{further}.xml") for name, further in pairwise("sabcde")},
            r"/c\.xml: indexes of sitemaps are within each other 4 deep",
        ),
        ({"/s.xml": _urlset("/p/1", "/p/2")}, r"matches none of the 2 addresses, such as /p/1, /p"),
        ({"/s.xml": _urlset("/c/a-b", "/c/a_b")}, r"two listings would be called a_b: /c/a-b and"),
        ({"/s.xml": _urlset("https://other.example/c/a")}, "matches none of the 1"),
        ({"/s.xml": _urlset("/c/a", "/c/b", "/c/d")}, r"/s\.xml: it names more than 2 listings"),
    ],
)
def test_a_sitemap_that_cannot_be_had_or_leads_too_far_is_an_error_that_names_it(
    bodies: dict[str, str], said: str, shop: WrittenSite
):
    shop.bodies |= bodies
    with pytest.raises(DiscoveryError, match=said):
        _find(_sitemap_catalogue(shop, at_most=2))


def test_a_sitemap_of_another_type_is_no_sitemap(shop: WrittenSite):
    catalogue = _sitemap_catalogue(shop)
    shop.bodies["/s.xml"] = _urlset("/c/a")
    shop.headers = {"content-type": "image/png"}
    with pytest.raises(DiscoveryError, match="the body is not XML"):
        _find(catalogue)
