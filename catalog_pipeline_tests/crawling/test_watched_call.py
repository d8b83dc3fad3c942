"""What is no page of a crawl is read in a watched process, too: the page that names listings."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.discovering import Discovery, discover
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.crawling.watched_call import call_watched
from catalog_pipeline.errors import DiscoveryError, ParseError, ParseLimitError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.system.locked_file import read_values
from catalog_pipeline_tests.site import QUICK
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS
from catalog_pipeline_tests.written_site import WrittenSite, written_site

pytestmark = pytest.mark.processes

EXPLOSIVE = "xpath:.//a[" + "count(//a[" * 6 + "@href" + "])" * 6 + "]"


@pytest.fixture
def site() -> Iterator[WrittenSite]:
    with written_site() as site:
        site.bodies["/"] = "<nav><a href=/c/hats>H</a></nav>"
        yield site


@pytest.fixture
def places(tmp_path: Path) -> CataloguePlaces:
    return CataloguePlaces(tmp_path / "shop")


def _catalogue(url: str, **changes: Any) -> Catalogue:
    attributes = {
        "base_url": url,
        "discover": {"page": "/", "select": "nav a"},
        "product": "li",
        "fields": {"sku": "b"},
        "key": "sku",
        "politeness": {**QUICK, "obey_robots": False},
        "limits": {"parse_seconds": 0.5},
        **changes,
    }
    return catalogue_from_attributes("shop", attributes)


def _discovered(
    catalogue: Catalogue, places: CataloguePlaces, known: frozenset[str] = frozenset()
) -> object:
    assert catalogue.discover is not None
    ask = partial(discover, catalogue, catalogue.discover, places, known)
    return call_watched(ask, catalogue, places, None)


def test_listings_are_found_by_another_process(site: WrittenSite, places: CataloguePlaces):
    found = _discovered(_catalogue(site.url), places)
    assert isinstance(found, Discovery)
    assert [each.name for each in found.listings] == ["hats"]


def test_a_selector_that_explodes_is_ended_and_named(site: WrittenSite, places: CataloguePlaces):
    site.bodies["/"] = "<nav>" + "<a href=/c/hats>H</a>" * 300 + "</nav>"
    catalogue = _catalogue(site.url, discover={"page": "/", "select": EXPLOSIVE})
    with pytest.raises(ParseLimitError, match=r"longer than 0\.5 s .*discover\.select"):
        _discovered(catalogue, places)


def test_what_the_site_lacks_is_told_as_it_is(site: WrittenSite, places: CataloguePlaces):
    site.bodies["/"] = "<p>Are you human?</p>"
    with pytest.raises(DiscoveryError, match="finds no link on the page") as caught:
        _discovered(_catalogue(site.url), places)
    assert caught.value.url == f"{site.url}/"
    assert not caught.value.may_pass
    assert str(caught.value).count("the listings could not be discovered") == 1


def test_other_listings_each_time_are_none(site: WrittenSite, places: CataloguePlaces):
    names = iter(["bags", "shoes"])
    site.answers["/"] = lambda headers: (
        200,
        {"content-type": "text/html"},
        f"<nav><a href=/c/{next(names)}>x</a></nav>",
    )
    with pytest.raises(DiscoveryError, match="other listings are named each time"):
        _discovered(_catalogue(site.url), places, frozenset({"hats"}))


def _dies(
    marks: str, within: Callable[[], AbstractContextManager[object]], must_stop: Callable[[], bool]
) -> object:
    with open(marks, "a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def test_a_process_that_dies_is_replaced_once(tmp_path: Path, places: CataloguePlaces):
    marks = tmp_path / "marks"
    with pytest.raises(ParseError, match=r"2 processes ended .* signal SIGKILL"):
        call_watched(partial(_dies, str(marks)), _catalogue("http://x"), places, None)
    assert marks.read_text() == "xx"


def test_its_process_is_named_in_the_lock_and_ends_when_it_is_asked_to_stop(
    site: WrittenSite, places: CataloguePlaces
):
    asked, may_answer = threading.Event(), threading.Event()

    def slow(headers: Any) -> tuple[int, dict[str, str], str]:
        asked.set()
        may_answer.wait(PATIENCE_SECONDS)
        return 404, {}, ""

    site.answers["/"] = slow
    catalogue = _catalogue(site.url)
    assert catalogue.discover is not None
    ask = partial(discover, catalogue, catalogue.discover, places, frozenset())
    named: list[str] = []

    def must_stop() -> bool:
        if asked.is_set():
            named.append(str(read_values(places.folder / "crawl.lock")))
        return asked.is_set()

    try:
        with catalogue_lock(places.folder, "a crawl") as lease:
            assert call_watched(ask, catalogue, places, lease, must_stop=must_stop) is None
    finally:
        may_answer.set()
    assert re.search(r"\d{2,}", named[0]), "whoever comes next knows whom to end"
