"""Crawls whose worker processes die: by a signal from outside, or because of what they read."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.reparse import ReparseJob, reparse
from catalog_pipeline.crawling.workforce import Workforce
from catalog_pipeline.crawling.working import handle, signs_of_life
from catalog_pipeline.errors import LoginError, WorkerError
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.system.locked_file import read_values
from catalog_pipeline.system.processes import is_alive
from catalog_pipeline_tests.crawling.conftest import Endanger
from catalog_pipeline_tests.crawling.recorders import KeptRecords
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.written_site import WrittenSite, listing, written_site

pytestmark = pytest.mark.processes


def _job(site: Site, catalogue: Catalogue) -> CrawlJob:
    FolderStore(site.places.pages).prepare()
    return CrawlJob(catalogue, site.places, [(page, None) for page in catalogue.pages])


def _crawl(site: Site, records: KeptRecords) -> CrawlOutcome:
    return crawl(_job(site, site.catalogue), records, CrawlContext(), lambda: False)


def _numbers(records: KeptRecords) -> list[int]:
    return [stored.record.page.number for stored in records.pages]


def _failures(outcome: CrawlOutcome) -> dict[int, str]:
    """The kinds of the failures by page; each of their sentences names page and address."""
    for failure in outcome.failures:
        assert failure.message.startswith(f"page {failure.page} {failure.url}: ")
    return {failure.page.number: failure.kind for failure in outcome.failures}


def test_a_crawl_goes_on_whose_workers_are_killed_again_and_again(site: Site):
    catalogue = site.write(last_page=50, politeness={"concurrency": 8})
    site.shop.control(latency_ms=60)
    job, records, kills = _job(site, catalogue), KeptRecords(), list[int]()
    chance = random.Random(7)

    class Killer(Observer):
        def page_stored(self, stored: StoredPage) -> None:
            if len(kills) < 12 and chance.random() < 0.4:
                kills.append(chance.choice(workforce.pool.pids))
                os.kill(kills[-1], signal.SIGKILL)

    with Workforce(CrawlContext().serve(catalogue), job.places, None) as workforce:
        context = CrawlContext(observer=Killer(), workforce=workforce)
        outcome = crawl(job, records, context, lambda: False)
    assert len(kills) >= 8
    # A kill may meet a page that is tried once more alone: it is blamed for two, and told.
    blamed = _failures(outcome)
    assert set(blamed.values()) <= {"poisonous"}
    assert 2 * len(blamed) <= len(kills)
    # Only what was in flight in a dead worker is asked for again: at most all that may be.
    assert sum(site.downloads().values()) - 50 <= 8 * len(kills)
    again = CrawlJob(catalogue, job.places, [(each.page, None) for each in outcome.failures])
    assert crawl(again, records, CrawlContext(), lambda: False).failures == ()
    assert sorted(_numbers(records)) == list(range(1, 51))


def test_a_worker_that_is_stopped_is_replaced_and_its_pages_are_not_to_blame(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    """However often: they were waiting for the site, and a slow one has time limits of its own."""
    monkeypatch.setattr(signs_of_life, "LONGEST_SILENCE_SECONDS", 1.5)
    # One of them may be stopped before its first sign of life.
    monkeypatch.setattr(signs_of_life, "LONGEST_START_SECONDS", 5.0)
    # Or while it reads a page.
    site.write(limits={"parse_seconds": 2.0})
    site.shop.control(latency_ms=100)
    job, records = _job(site, site.catalogue), KeptRecords()
    stopped: list[int] = []

    class Stopper(Observer):
        def page_stored(self, stored: StoredPage) -> None:
            if len(stopped) < 4:
                stopped.extend(workforce.pool.pids)
                for pid in workforce.pool.pids:
                    os.kill(pid, signal.SIGSTOP)

    with Workforce(CrawlContext().serve(job.catalogue), job.places, None) as workforce:
        context = CrawlContext(observer=Stopper(), workforce=workforce)
        outcome = crawl(job, records, context, lambda: False)
        assert not set(stopped) & set(workforce.pool.pids)
    assert len(stopped) == 4
    assert outcome.failures == ()
    assert _numbers(records) == list(range(1, 13))
    assert not any(map(is_alive, stopped))


@pytest.mark.parametrize("danger", ["stop_once_when_read", "stand_still_once"])
def test_a_worker_that_does_not_get_on_is_replaced_and_its_pages_come(
    site: Site, endanger: Endanger, monkeypatch: pytest.MonkeyPatch, danger: str
):
    """A page that it read when it was stopped is not one that takes too long."""
    monkeypatch.setattr(handle, "_SECONDS_TO_STORE", 1.0)
    site.write(limits={"parse_seconds": 0.5}, politeness={"request_timeout_seconds": 0.3})
    endanger(**{danger: [4]})
    records = KeptRecords()
    outcome = _crawl(site, records)
    assert outcome.failures == ()
    assert _numbers(records) == list(range(1, 13))
    assert site.downloads()[4] == 2


def test_a_page_that_a_dead_worker_had_stored_is_recognised_and_not_fetched_again(
    site: Site, endanger: Endanger
):
    endanger(die_when_stored=[3])
    records = KeptRecords()
    outcome = _crawl(site, records)
    assert outcome.failures == ()
    assert _numbers(records) == list(range(1, 13))
    assert site.downloads()[3] == 1


def test_a_page_that_kills_whoever_reads_it_fails_alone(site: Site, endanger: Endanger):
    endanger(crash=[3, 4, 5, 11])
    records = KeptRecords()
    outcome = _crawl(site, records)
    assert _failures(outcome) == dict.fromkeys([3, 4, 5, 11], "poisonous")
    assert all("SIGSEGV" in failure.message for failure in outcome.failures)
    assert _numbers(records) == [1, 2, 6, 7, 8, 9, 10, 12]
    downloads = site.downloads()
    assert all(2 <= downloads[page] <= 6 for page in (3, 4, 5, 11))


def test_a_page_at_which_reading_breaks_in_an_unforeseen_way_fails_alone(
    site: Site, endanger: Endanger
):
    endanger(**{"break": [3, 4, 11]})
    records = KeptRecords()
    outcome = _crawl(site, records)
    assert _failures(outcome) == dict.fromkeys([3, 4, 11], "poisonous")
    assert all("MemoryError: nobody foresaw this" in each.message for each in outcome.failures)
    assert _numbers(records) == [1, 2, 5, 6, 7, 8, 9, 10, 12]
    job = ReparseJob(site.catalogue, site.places, records.pages)
    endanger(**{"break": [2]})
    again = reparse(job, KeptRecords(), CrawlContext(), lambda: False)
    assert _failures(again) == {2: "poisonous"}


def test_a_catalogue_of_nothing_but_poison_fails_page_by_page(site: Site, endanger: Endanger):
    catalogue = site.write(politeness={"stop_window": 50})
    endanger(crash=list(range(1, 13)))
    outcome = crawl(_job(site, catalogue), KeptRecords(), CrawlContext(), lambda: False)
    assert _failures(outcome) == dict.fromkeys(range(1, 13), "poisonous")


def test_a_stored_page_that_kills_whoever_parses_it_again_fails_alone(
    site: Site, endanger: Endanger
):
    stored, records = KeptRecords(), KeptRecords()
    _crawl(site, stored)
    endanger(crash=[2, 9])
    job = ReparseJob(site.catalogue, site.places, stored.pages)
    outcome = reparse(job, records, CrawlContext(), lambda: False)
    assert _failures(outcome) == dict.fromkeys([2, 9], "poisonous")
    assert len(records.pages) == 10


def test_a_page_that_takes_too_long_to_read_fails_alone(site: Site, endanger: Endanger):
    """Within one long search Python hears of nothing, not even of its own time limits."""
    site.write(limits={"parse_seconds": 0.5})
    endanger(hang=[4])
    records = KeptRecords()
    outcome = _crawl(site, records)
    assert _failures(outcome) == {4: "parse_seconds"}
    assert "took longer than 0.5 s (limits.parse_seconds)" in outcome.failures[0].message
    assert len(records.pages) == 11
    # Its thread had the processor all the time: it is to blame, and not tried again.
    assert site.downloads()[4] == 1


def test_a_pattern_that_takes_too_long_costs_its_page_alone(site: Site):
    """It notices the time itself: no worker ends for it, and nothing is asked for twice."""
    with written_site() as made:
        texts = {page: listing(page, "a name") for page in range(1, 9)}
        made.write(texts | {4: listing(4, "fine", "a b " * 1000 + "!")})
        field = {"select": "i", "pattern": "^(([a-z ]+)+)+$"}
        catalogue = made.describe(site, {"name": field}, limits={"parse_seconds": 0.5})
        records = KeptRecords()
        outcome = crawl(_job(site, catalogue), records, CrawlContext(), lambda: False)
        asked = made.asked
    assert _failures(outcome) == {4: "parse_seconds"}
    message = outcome.failures[0].message
    assert "took longer than 0.5 s (limits.parse_seconds)" in message
    assert message.endswith("[field name, pattern '^(([a-z ]+)+)+$']")
    assert message.startswith(f"page 4 {made.url}/products?page=4: ")
    assert len(records.pages) == 7
    assert set(asked.values()) == {1}


LOGIN = {
    "kind": "form",
    "page": "/login",
    "username_env": "SHOP_USER",
    "password_env": "SHOP_PASSWORD",
}
FORM = "<form method=post action=/in><input name=username><input name=password></form>"


def _slow() -> str:
    """An XPath that takes far longer than anybody waits, on the smallest page."""
    path = "//*"
    for _ in range(12):
        path = f"//*[count({path}) > 0]"
    return path


def _members(made: WrittenSite, site: Site, monkeypatch: pytest.MonkeyPatch, **login: str) -> None:
    monkeypatch.setenv("SHOP_USER", "member")
    monkeypatch.setenv("SHOP_PASSWORD", "practice")
    made.bodies |= {"/login": FORM, "/in": f"<p>Welcome{8 * '<b></b>'}</p>"}
    made.write({page: listing(page, "a name") for page in range(1, 4)})
    limits = {"parse_seconds": 0.5}
    made.describe(site, {"name": {"select": "i"}}, limits=limits, login={**LOGIN, **login})


@pytest.mark.parametrize("key", ["form", "logged_in", "error"])
def test_a_page_of_a_login_that_takes_too_long_to_read_ends_the_login(
    site: Site, monkeypatch: pytest.MonkeyPatch, key: str
):
    with written_site() as made:
        _members(made, site, monkeypatch, **{key: f"xpath:{_slow()}"})
        expected = (
            r"a page of it cannot be read: .* took longer than 0.5 s \(limits.parse_seconds\) "
            rf"\[login.{key} xpath:"
        )
        with pytest.raises(LoginError, match=expected):
            crawl(_job(site, site.catalogue), KeptRecords(), CrawlContext(), lambda: False)


def test_a_page_that_takes_too_long_to_be_told_from_a_login_page_fails_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    with written_site() as made:
        _members(made, site, monkeypatch, logged_in=f"xpath://p[not(//i)] | //i[{_slow()}]")
        outcome = crawl(_job(site, site.catalogue), KeptRecords(), CrawlContext(), lambda: False)
    assert _failures(outcome) == dict.fromkeys([1, 2, 3], "parse_seconds")
    assert all("[login.logged_in xpath:" in failure.message for failure in outcome.failures)


def test_a_page_at_which_it_takes_too_long_to_read_what_it_tells_of_its_listing_fails_alone(
    site: Site,
):
    with written_site() as made:
        made.write({1: listing(1, "a name")})
        pages = {"kind": "linked", "next": {"select": f"xpath:{_slow()}", "attribute": "href"}}
        limits = {"parse_seconds": 0.5}
        catalogue = made.describe(site, {}, last_page=None, pages=pages, limits=limits)
        FolderStore(site.places.pages).prepare()
        job = CrawlJob(catalogue, site.places, [(catalogue.first_key, None)])
        outcome = crawl(job, KeptRecords(), CrawlContext(), lambda: False)
    assert _failures(outcome) == {1: "parse_seconds"}
    assert "[pages.next xpath:" in outcome.failures[0].message


@pytest.mark.parametrize(
    ("named", "changes"),
    [
        ("product p.none | xpath:", {"product": ["p.none", f"xpath:{_slow()}"]}),
        ("field shop", {"fields": {"shop": {"select": f"xpath:{_slow()}", "of": "page"}}}),
    ],
    ids=["product", "a field of the page"],
)
def test_a_page_that_takes_too_long_is_told_with_what_was_evaluated(
    site: Site, named: str, changes: dict[str, Any]
):
    with written_site() as made:
        made.write({1: listing(1, "a name")})
        fields = changes.pop("fields", {})
        limits = {"parse_seconds": 0.5}
        catalogue = made.describe(site, fields, last_page=1, limits=limits, **changes)
        outcome = crawl(_job(site, catalogue), KeptRecords(), CrawlContext(), lambda: False)
    assert _failures(outcome) == {1: "parse_seconds"}
    assert f" [{named}" in outcome.failures[0].message


def test_a_page_that_hangs_within_a_selector_names_the_field(site: Site, endanger: Endanger):
    site.write(limits={"parse_seconds": 0.5})
    endanger(hang_at_third_field=[4])
    outcome = _crawl(site, KeptRecords())
    assert _failures(outcome) == {4: "parse_seconds"}
    third = list(site.catalogue.fields)[2]
    assert f"[field {third}" in outcome.failures[0].message


def test_a_page_that_takes_long_to_be_stored_is_not_taken_for_one_that_is_hard_to_read(
    site: Site, endanger: Endanger
):
    site.write(limits={"parse_seconds": 0.5})
    endanger(slow_to_store=[2, 5])
    records = KeptRecords()
    assert _crawl(site, records).failures == ()
    assert len(records.pages) == 12
    assert set(site.downloads().values()) == {1}


def test_a_page_that_takes_too_much_memory_to_read_fails_alone(site: Site, endanger: Endanger):
    site.write(limits={"parse_memory": 200 * 2**20})
    endanger(hog=[7])
    records = KeptRecords()
    outcome = _crawl(site, records)
    assert _failures(outcome) == {7: "parse_memory"}
    assert "took more than 200 MiB (limits.parse_memory)" in outcome.failures[0].message
    assert site.downloads()[7] == 1
    assert len(records.pages) == 11


def test_workers_that_cannot_start_end_the_crawl_with_a_sentence(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorkerError, match=r"10 worker processes .* exit status 7"):
        _crawl(site, KeptRecords())
    assert site.shop.log() == []


def test_a_worker_that_takes_the_place_of_another_is_named_in_the_lock(site: Site):
    job = _job(site, site.catalogue)
    with catalogue_lock(site.places.folder, "run-a") as lock:
        with Workforce(CrawlContext().serve(job.catalogue), job.places, lock) as workforce:
            (before,) = workforce.pool.pids
            os.kill(before, signal.SIGKILL)
            context = CrawlContext(workforce=workforce, lease=lock)
            crawl(job, KeptRecords(), context, lambda: False)
        named = read_values(site.places.folder / "crawl.lock")["workers"]
    assert len(named) == 1
    assert named[0][0] != before
