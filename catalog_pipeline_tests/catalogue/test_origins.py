"""Which stored pages are those of the addresses that a catalogue names."""

from dataclasses import replace
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes, with_base_url
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.origins import Origins, how_moved
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.records import PageRecord
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.storing import samples

OLD, NEW = "https://old.example", "https://new.example/shop"


def _catalogue(**changes: Any) -> Catalogue:
    named = {"base_url": OLD, "page_url": "/p/{page}", "first_page": 1, "last_page": 9}
    return catalogue_from_attributes("shop", attributes(**named | changes))


def _asked(catalogue: Catalogue, number: int = 3) -> PageRecord:
    """A page that was asked for, and that a redirect led elsewhere."""
    origin = Origins(catalogue).of(PageKey(number))
    return replace(samples.record(number), asked_at=origin, url="https://cdn.example/x")


def _of_release_1(url: str) -> PageRecord:
    return replace(samples.record(3), url=url)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": NEW},
        {"base_url": "http://old.example"},
        {"base_url": "https://old.example:8443"},
        {"page_url": "/q/{page}"},
        {"page_url": "/p/{page}?lang=de"},
        {"page_url": "https://other.example/p/{page}"},
    ],
)
def test_a_page_that_was_asked_for_elsewhere_is_not_taken(changes: dict[str, Any]):
    record = _asked(_catalogue())
    assert Origins(_catalogue(**changes)).elsewhere(record) == f"{OLD}/p/3"
    assert not Origins(_catalogue(**changes)).are_of(record)


def test_a_redirect_does_not_make_a_page_another():
    assert Origins(_catalogue()).elsewhere(_asked(_catalogue())) is None
    assert Origins(_catalogue()).are_of(_asked(_catalogue()))


def test_the_first_page_may_have_an_address_of_its_own():
    before, after = _catalogue(), _catalogue(first_page_url="/")
    assert Origins(after).elsewhere(_asked(before, 1)) == f"{OLD}/p/1"
    assert Origins(after).elsewhere(_asked(before, 2)) is None


@pytest.mark.parametrize("mirror", [OLD, f"{OLD}/"])
def test_pages_of_a_mirror_count_but_its_validators_stay_there(mirror: str):
    moved = _catalogue(base_url=NEW, mirrors=[mirror])
    record = _asked(_catalogue())
    assert Origins(moved).elsewhere(record) is None
    assert not Origins(moved).are_of(record)


LIST = ["/c", "/a", "/b"]
LINKED = {"page_url": "/p", "last_page": None, "pages": {"kind": "linked", "next": {"select": "a"}}}
OTHERS = "the YAML's page_url names other addresses than it did"
BY_PLACE = f"{OTHERS}: a list counts its pages by place, so that new ones go to its end"


def _told(*bases: str) -> str:
    are = "is" if len(bases) == 1 else "are"
    return f"if {', '.join(bases)} {are} the same site, name that base URL in the YAML's mirrors"


@pytest.mark.parametrize(
    ("changes", "fetched_at", "told"),
    [
        ({}, ["http://old.example/p/1"], _told("http://old.example")),
        ({}, [f"{NEW}/p/1", f"{NEW}/p/2"], _told(NEW)),
        ({"base_url": NEW}, [f"{OLD}/p/1"], _told(OLD)),
        ({}, [f"{NEW}/p/1", "https://a.example/p/2"], _told("https://a.example", NEW)),
        ({}, [f"{OLD}/q/1"], OTHERS),
        ({}, [f"{OLD}/p/2"], OTHERS),
        ({}, [f"{NEW}/q/1"], OTHERS),
        ({}, [f"{NEW}/p/1", f"{OLD}/q/2"], f"{_told(NEW)}; {OTHERS}"),
        ({"page_url": "https://other.example/p/{page}"}, ["https://a.example/p/1"], OTHERS),
        ({"page_url": LIST, "last_page": None}, [f"{OLD}/a", f"{OLD}/b"], BY_PLACE),
        ({"page_url": LIST, "last_page": None}, [f"{NEW}/c"], _told(NEW)),
        (LINKED, [f"{NEW}/p", "https://new.example/x"], _told("https://new.example", NEW)),
        (LINKED, [f"{OLD}/q"], OTHERS),
    ],
)
def test_a_mirror_is_advised_exactly_where_it_makes_the_pages_count(
    changes: dict[str, Any], fetched_at: list[str], told: str
):
    catalogue = _catalogue(**changes)
    moved = {PageKey(number): url for number, url in enumerate(fetched_at, start=1)}
    assert how_moved(catalogue, moved) == told
    records = [replace(samples.record(page.number), asked_at=url) for page, url in moved.items()]
    assert all(Origins(catalogue).elsewhere(record) for record in records)
    bases = told.removeprefix("if ").partition(" is the")[0].partition(" are the")[0].split(", ")
    if not told.endswith(OTHERS) and told != BY_PLACE:
        mirrored = Origins(_catalogue(**changes, mirrors=bases))
        assert not any(map(mirrored.elsewhere, records))


def test_a_mirror_that_is_the_base_url_is_a_mistake():
    for mirror in (OLD, f"{OLD}/"):
        with pytest.raises(CatalogueError, match=f"{OLD} is base_url itself") as caught:
            _catalogue(mirrors=[NEW, mirror])
        assert caught.value.field == "mirrors"


def test_a_mirror_that_a_command_names_counts_both_ways():
    described = _catalogue(mirrors=[NEW])
    at_mirror = with_base_url(described, NEW)
    assert Origins(at_mirror).elsewhere(_asked(described)) is None
    assert Origins(described).elsewhere(_asked(at_mirror)) is None
    assert at_mirror.same_site == described.same_site
    stranger = with_base_url(described, "https://stranger.example")
    assert Origins(stranger).elsewhere(_asked(described)) is not None
    assert Origins(described).elsewhere(_asked(stranger)) is not None


@pytest.mark.parametrize(
    ("url", "counts"),
    [
        (f"{OLD}/p/3", True),
        ("http://www.old.example/p/3/", True),
        (f"{OLD}/p/4", False),
        (f"{OLD}/p/3?x=1", False),
        (f"{OLD}/list/3", False),
        (f"{NEW}/p/3", False),
    ],
)
def test_of_release_1_only_the_address_after_redirects_is_known(url: str, counts: bool):
    assert (Origins(_catalogue()).elsewhere(_of_release_1(url)) is None) == counts


def test_the_practice_shop_is_known_by_its_paths_whatever_its_port():
    shop = _catalogue(practice_shop={"pages": 9}, base_url="http://127.0.0.1:8108")
    elsewhere_served = shop.model_copy(update={"base_url": "http://127.0.0.1:40001"})
    assert Origins(shop).elsewhere(_asked(elsewhere_served)) is None
    assert Origins(shop).elsewhere(_of_release_1("http://127.0.0.1:40002/p/3")) is None
    assert Origins(shop).elsewhere(_of_release_1("http://127.0.0.1:40002/p/4")) is not None
    assert Origins(with_base_url(shop, "http://127.0.0.1:9")).elsewhere(_asked(shop)) is not None
