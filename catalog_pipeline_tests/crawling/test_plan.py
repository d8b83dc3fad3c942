"""What a run does with each of its pages: carried over, recovered, or due."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.plan import (
    CrawlPlan,
    CutOff,
    parse_cutoff,
    plan_crawl,
)
from catalog_pipeline.crawling.working.page_worker import PageWorker
from catalog_pipeline.errors import UsageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.damage import damage_of
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

HOUR = timedelta(hours=1)
NEVER = datetime(9999, 1, 1, tzinfo=timezone.utc)
"""A time that is after all others."""


@pytest.fixture
def store(site: Site) -> FolderStore:
    opened = FolderStore(site.places.pages)
    opened.prepare()
    return opened


@pytest.fixture
def stored(site: Site, store: FolderStore) -> StoredPage:
    """Page 1, on disk."""
    worker = PageWorker(site.catalogue, site.places)
    answer = worker.do(messages.FetchPage(PageKey(1), site.catalogue.page_address(PageKey(1)), 1))
    assert isinstance(answer, messages.PageStored)
    return answer.stored


def _where(plan: CrawlPlan) -> str:
    assert len(plan.carried_over) + len(plan.recovered) + len(plan.due) == 1
    return "carried over" if plan.carried_over else "recovered" if plan.recovered else "due"


@pytest.mark.parametrize(
    ("cut_off", "is_explicit", "has_checkpoint", "where"),
    [
        (timedelta(0), False, True, "carried over"),
        (-HOUR, True, True, "carried over"),
        (HOUR, False, True, "due"),
        (HOUR, True, True, "due"),
        (HOUR, False, False, "recovered"),
        (-HOUR, True, False, "recovered"),
        (HOUR, True, False, "due"),
    ],
)
def test_checkpoint_file_and_cut_off_decide(
    site: Site,
    stored: StoredPage,
    store: FolderStore,
    cut_off: timedelta,
    is_explicit: bool,
    has_checkpoint: bool,
    where: str,
):
    checkpoints = {PageKey(1): stored} if has_checkpoint else {}
    instant = stored.record.fetched_at + cut_off
    plan = plan_crawl(
        site.catalogue, keys(1), checkpoints, store, CutOff(instant, is_explicit), now=NEVER
    )
    assert _where(plan) == where
    assert all(each.carried_over for each in (*plan.carried_over, *plan.recovered))
    if where == "due":
        assert plan.due == ((PageKey(1), checkpoints.get(PageKey(1))),)


def test_a_page_without_checkpoint_and_file_is_due(site: Site, store: FolderStore):
    now = datetime.now(timezone.utc)
    assert plan_crawl(site.catalogue, keys(1), {}, store, CutOff(now), now=now).due == (
        (PageKey(1), None),
    )


@pytest.mark.parametrize("has_checkpoint", [True, False])
@pytest.mark.parametrize("harm", ["cut", "altered", "emptied"])
def test_a_damaged_file_saves_no_download_and_is_named(
    site: Site, stored: StoredPage, store: FolderStore, harm: str, has_checkpoint: bool
):
    path = site.page_file(1)
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    path.write_bytes({"cut": whole[:-1], "altered": flipped, "emptied": b""}[harm])
    checkpoints = {PageKey(1): stored} if has_checkpoint else {}
    plan = plan_crawl(
        site.catalogue, keys(1), checkpoints, store, CutOff(stored.record.fetched_at), now=NEVER
    )
    assert _where(plan) == "due"
    assert plan.damaged
    assert all(problem.startswith("page 1") for problem in plan.damaged)
    assert damage_of(stored, store)


def test_a_page_whose_newer_file_is_taken_is_not_said_to_be_downloaded(
    site: Site, stored: StoredPage, store: FolderStore
):
    """Its checkpoint is of a file that is gone, as after an older database was put back."""
    earlier = replace(stored.record, fetched_at=stored.record.fetched_at - HOUR)
    gone = replace(stored, record=earlier, file_name=f"{stored.file_name}.gone")
    cut_off = CutOff(earlier.fetched_at)
    plan = plan_crawl(site.catalogue, keys(1), {PageKey(1): gone}, store, cut_off, now=NEVER)
    assert (_where(plan), plan.damaged) == ("recovered", ())


def test_a_time_to_come_proves_no_freshness(site: Site, stored: StoredPage, store: FolderStore):
    """The clock was ahead when the page was fetched, and has been put right."""
    before = stored.record.fetched_at - HOUR
    pages, checkpoints = keys(1), {PageKey(1): stored}
    cut_off = CutOff(before - HOUR, is_explicit=True)
    plan = plan_crawl(site.catalogue, pages, checkpoints, store, cut_off, now=before)
    assert _where(plan) == "due"


@pytest.mark.parametrize("was_wiped", [True, False])
def test_a_file_of_a_time_to_come_is_not_taken_over(
    site: Site, stored: StoredPage, store: FolderStore, was_wiped: bool
):
    """It may be older than the wipe, or than the checkpoint that there is."""
    before = stored.record.fetched_at - HOUR
    record = replace(stored.record, fetched_at=before - 2 * HOUR)
    checkpoints = {} if was_wiped else {PageKey(1): replace(stored, record=record)}
    wiped_at = before - HOUR if was_wiped else None
    cut_off = CutOff(before)
    plan = plan_crawl(
        site.catalogue, keys(1), checkpoints, store, cut_off, lambda _: wiped_at, now=before
    )
    assert _where(plan) == "due"


@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_a_page_of_another_address_is_due_and_said_to_be(
    site: Site, stored: StoredPage, store: FolderStore, has_checkpoint: bool
):
    moved = site.write(page_url="/products?sort=new&page={page}")
    checkpoints = {PageKey(1): stored} if has_checkpoint else {}
    cut_off = CutOff(stored.record.fetched_at)
    plan = plan_crawl(moved, keys(1), checkpoints, store, cut_off, now=NEVER)
    assert _where(plan) == "due"
    assert plan.moved == {PageKey(1): f"{site.shop.url}/products?page=1"}


def test_a_sound_file_has_no_damage(stored: StoredPage, store: FolderStore):
    assert damage_of(stored, store) is None


@pytest.mark.parametrize(
    "text", ["2026-01-31T06:00:00Z", "2026-01-31T07:00+01:00", "2026-01-31T06:00:00.000000+00:00"]
)
def test_cut_offs_are_read_in_utc(text: str):
    assert parse_cutoff(text) == datetime(2026, 1, 31, 6, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", ["now", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_what_is_no_time_that_can_be_told_is_refused(text: str):
    with pytest.raises(UsageError, match="is no ISO 8601 time"):
        parse_cutoff(text)


def test_a_cut_off_needs_a_zone():
    with pytest.raises(UsageError, match="names no time zone"):
        parse_cutoff("2026-01-31T06:00")
