"""Pages are recorded in groups: when a group is full or old, and always after its sync."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.group_commit import MAX_PAGES, MAX_SECONDS, GroupCommit
from catalog_pipeline.records import PageFailure, PageRecord, StoredPage
from catalog_pipeline.storing.folder_store import FolderStore

RECORD = PageRecord(
    PageKey(1), "http://shop.example/1", 200, 0, 0, 0.0, 1,
    datetime(2026, 1, 31, tzinfo=timezone.utc),
    None, None, None, False, "v", "c",
)  # fmt: skip


class _Groups:
    """A recorder that keeps what it was given."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    def record_pages(self, pages: Sequence[StoredPage]) -> None:
        self.groups.append([stored.record.page.number for stored in pages])

    def record_failure(self, failure: PageFailure) -> None:
        raise AssertionError("failures are not grouped")

    def pages_found(self, pages: Sequence[PageKey]) -> None:
        raise AssertionError("pages are found by the ledger")

    def take_back(self, page: PageKey) -> None:
        raise AssertionError("a group takes nothing back that is recorded")


@pytest.fixture
def groups() -> _Groups:
    return _Groups()


@pytest.fixture
def commit(groups: _Groups, tmp_path: Path) -> GroupCommit:
    store = FolderStore(tmp_path / "pages")
    store.prepare()
    return GroupCommit(store, groups)


def _page(number: int) -> StoredPage:
    return StoredPage(replace(RECORD, page=PageKey(number)), f"{number}.page", "0" * 64)


def test_an_empty_group_waits_for_nothing_and_records_nothing(commit: GroupCommit, groups: _Groups):
    assert commit.seconds_left(10.0) is None
    commit.flush()
    assert groups.groups == []


def test_a_group_is_due_when_its_first_page_has_waited_long_enough(commit: GroupCommit):
    commit.add(_page(1), now=10.0)
    commit.add(_page(2), now=10.0 + MAX_SECONDS / 2)
    assert commit.seconds_left(10.0 + MAX_SECONDS / 2) == pytest.approx(MAX_SECONDS / 2)
    assert commit.seconds_left(10.0 + MAX_SECONDS) == 0


def test_a_full_group_is_due_at_once(commit: GroupCommit):
    for number in range(MAX_PAGES):
        assert commit.seconds_left(10.0) != 0.0
        commit.add(_page(number), now=10.0)
    assert commit.seconds_left(10.0) == 0


def test_a_recorded_group_is_over(commit: GroupCommit, groups: _Groups):
    for number in (3, 1, 2):
        commit.add(_page(number), now=10.0)
    commit.flush()
    commit.flush()
    assert groups.groups == [[3, 1, 2]]
    assert commit.seconds_left(99.0) is None


def test_what_could_not_be_recorded_is_not_forgotten(tmp_path: Path, groups: _Groups):
    class Refusing(_Groups):
        def record_pages(self, pages: Sequence[StoredPage]) -> None:
            raise OSError("locked")

    store = FolderStore(tmp_path / "pages")
    store.prepare()
    commit = GroupCommit(store, Refusing())
    commit.add(_page(1), now=10.0)
    with pytest.raises(OSError, match="locked"):
        commit.flush()
    assert commit.seconds_left(99.0) == 0
