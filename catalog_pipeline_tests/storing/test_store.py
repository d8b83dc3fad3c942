"""Whatever a store of page files promises, asked of every store that there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.object_store import ObjectStore
from catalog_pipeline.storing.objects import Objects
from catalog_pipeline.storing.page_file import FileName, PageFile
from catalog_pipeline.storing.store import Store
from catalog_pipeline_tests.object_server import Bucket
from catalog_pipeline_tests.storing import samples

NEXT_DAY = samples.NOON + timedelta(days=1)


@dataclass(frozen=True)
class Kept:
    """A store, and its files as somebody may find and harm them who does not know of it."""

    store: Store
    names: Callable[[], set[str]]
    get: Callable[[str], bytes]
    put: Callable[[str, bytes], object]
    remove: Callable[[str], None]
    step: int = 1
    """Of bytes that are harmed one after the other, every so many."""


def _folder(request: pytest.FixtureRequest) -> Kept:
    path: Path = request.getfixturevalue("tmp_path")
    folder = path / "shop" / "pages"
    return Kept(
        FolderStore(folder),
        names=lambda: {file.name for file in folder.iterdir()},
        get=lambda name: (folder / name).read_bytes(),
        put=lambda name, content: (folder / name).write_bytes(content),
        remove=lambda name: (folder / name).unlink(),
    )


def _objects(request: pytest.FixtureRequest) -> Kept:
    bucket: Bucket = request.getfixturevalue("bucket")
    address = f"{bucket.address}/shop/pages"
    objects = Objects(address)
    return Kept(
        ObjectStore(objects),
        names=lambda: {each.name for each in objects.list()},
        get=lambda name: objects.get(name, max_bytes=1 << 30),
        put=objects.put,
        remove=lambda name: objects.remove([name]),
        step=31,
    )


STORES: dict[str, Callable[[pytest.FixtureRequest], Kept]] = {
    "folder": _folder,
    "objects": _objects,
}


@pytest.fixture(params=STORES)
def kept(request: pytest.FixtureRequest) -> Kept:
    """A store of each kind, which was not there before."""
    made = STORES[request.param](request)
    made.store.prepare()
    return made


@pytest.mark.parametrize("kind", STORES)
def test_a_store_that_was_never_written_to_is_empty(
    kind: str, request: pytest.FixtureRequest
) -> None:
    made = STORES[kind](request)
    assert made.store.newest() == {}
    assert made.store.has_all([])
    assert not made.store.has_all([PageKey(1)])


def test_pages_that_are_there_are_known_by_their_keys(kept: Kept) -> None:
    for page in (1, 2):
        samples.store_page(kept.store, page)
    assert kept.store.has_all([PageKey(1), PageKey(2)])
    assert not kept.store.has_all([PageKey(1), PageKey(3)])
    assert set(kept.store.newest()) == {PageKey(1), PageKey(2)}


def test_a_stored_page_reads_back(kept: Kept) -> None:
    stored = samples.store_page(kept.store, 7)
    kept.store.sync()
    file = kept.store.read(PageKey(7), stored.file_name, stored.sha256)
    assert file.record == stored.record
    assert (file.columns, file.body) == (samples.columns(7), samples.body(7))
    assert kept.names() == {stored.file_name}


def test_an_altered_byte_anywhere_is_noticed(kept: Kept) -> None:
    stored = samples.store_page(kept.store, 7, size=200)
    whole = kept.get(stored.file_name)
    for place in range(0, len(whole), kept.step):
        harmed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        kept.put(stored.file_name, harmed)
        with pytest.raises(StoredPageError, match="altered"):
            kept.store.read(PageKey(7), stored.file_name, stored.sha256)
        with pytest.raises(StoredPageError, match="not whole"):
            kept.store.recognise(kept.store.newest()[PageKey(7)])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_noticed(kept: Kept, share: float) -> None:
    stored = samples.store_page(kept.store, 7)
    whole = kept.get(stored.file_name)
    kept.put(stored.file_name, whole[: int(len(whole) * share)])
    with pytest.raises(StoredPageError, match="altered"):
        kept.store.read(PageKey(7), stored.file_name, stored.sha256)
    with pytest.raises(StoredPageError, match="not whole"):
        kept.store.recognise(kept.store.newest()[PageKey(7)])


def test_a_missing_file_is_an_error_that_names_it(kept: Kept) -> None:
    stored = samples.store_page(kept.store, 7)
    kept.remove(stored.file_name)
    with pytest.raises(StoredPageError, match=f"page 7: .*{stored.file_name} is missing"):
        kept.store.read(PageKey(7), stored.file_name, stored.sha256)


def test_what_a_dead_process_has_stored_outlives_what_it_was_writing(kept: Kept) -> None:
    stored = samples.store_page(kept.store, 7)
    kept.store.discard_half_written_by(os.getpid())
    assert kept.names() == {stored.file_name}


def test_a_file_without_a_checkpoint_is_recognised_as_what_was_stored(kept: Kept) -> None:
    stored = samples.store_page(kept.store, 7)
    assert kept.store.recognise(kept.store.newest()[PageKey(7)]) == stored


def test_a_page_can_be_stored_again_under_a_new_record(kept: Kept) -> None:
    old = samples.store_page(kept.store, 7)
    file = kept.store.read(PageKey(7), old.file_name, old.sha256)
    record = replace(old.record, fetched_at=samples.NOON + timedelta(1), not_modified=True)
    new = kept.store.write_again(record, file)
    again = kept.store.read(PageKey(7), new.file_name, new.sha256)
    assert (again.record, again.columns, again.body) == (record, file.columns, file.body)
    assert kept.store.newest()[PageKey(7)] == FileName.parse(new.file_name)


def test_a_file_of_another_page_is_not_taken_for_the_one_of_its_name(kept: Kept) -> None:
    other = samples.store_page(kept.store, 3, later=60)
    name = str(replace(kept.store.newest()[PageKey(3)], page=PageKey(7)))
    kept.put(name, kept.get(other.file_name))
    with pytest.raises(StoredPageError, match=f"page 7: .*under the name {other.file_name}"):
        kept.store.recognise(kept.store.newest()[PageKey(7)])
    with pytest.raises(StoredPageError, match=r"page 7: .*one of page 3"):
        kept.store.read(PageKey(7), name, other.sha256)


def test_a_file_that_claims_another_time_is_not_taken(kept: Kept) -> None:
    stored = samples.store_page(kept.store, 7)
    later = str(
        replace(kept.store.newest()[PageKey(7)], fetched_at=samples.NOON + timedelta(days=1))
    )
    kept.put(later, kept.get(stored.file_name))
    with pytest.raises(StoredPageError, match="belongs under the name"):
        kept.store.recognise(kept.store.newest()[PageKey(7)])


@pytest.mark.parametrize(
    ("rows", "body", "complaint"),
    [
        (b"no zstandard", None, "does not decompress"),
        (None, b"no zstandard", "does not decompress"),
        (page_file.pack(b"no json"), None, "no JSON"),
        (page_file.pack(b'{"name":[]}'), None, "whole rows"),
        (page_file.pack(b"[1]"), None, "whole rows"),
        (page_file.pack(b'{"name":"a"}'), None, "whole rows"),
        (None, page_file.pack(b"short"), "body of 3000 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_not_recognised(
    kept: Kept, rows: bytes | None, body: bytes | None, complaint: str
) -> None:
    good = samples.store_page(kept.store, 7)
    file = kept.store.read(PageKey(7), good.file_name, good.sha256)
    record = replace(file.record, fetched_at=samples.NOON + timedelta(days=1))
    kept.store.write_again(
        record, PageFile(record, rows or file.packed_rows, body or file.packed_body)
    )
    with pytest.raises(StoredPageError, match=complaint):
        kept.store.recognise(kept.store.newest()[PageKey(7)])


def test_only_older_files_of_the_given_pages_are_discarded(kept: Kept) -> None:
    _, current, newer, other = (
        samples.store_page(kept.store, 1, later=0),
        samples.store_page(kept.store, 1, later=1),
        samples.store_page(kept.store, 1, later=2),
        samples.store_page(kept.store, 2, later=0),
    )
    kept.store.discard_others([current], now=NEXT_DAY)
    assert kept.names() == {current.file_name, newer.file_name, other.file_name}


def test_one_file_can_be_discarded_and_again(kept: Kept) -> None:
    first, second = (samples.store_page(kept.store, page) for page in (1, 2))
    kept.store.discard(first)
    kept.store.discard(first)
    assert {str(name) for name in kept.store.newest().values()} == {second.file_name}


def test_a_file_of_a_time_to_come_goes_with_the_old_ones(kept: Kept) -> None:
    """The clock was ahead when it was stored, so that it would never look old."""
    samples.store_page(kept.store, 7)
    samples.store_page(kept.store, 7, later=3600)
    current = samples.store_page(kept.store, 7, later=60)
    kept.store.discard_others([current], now=samples.NOON + timedelta(seconds=61))
    assert kept.names() == {current.file_name}


def test_a_file_that_was_parsed_again_replaces_the_one_of_the_same_fetch(kept: Kept) -> None:
    first, second = (samples.store_page(kept.store, 1, size=size) for size in (3000, 3001))
    kept.store.discard_others([first], now=NEXT_DAY)
    assert kept.names() == {first.file_name}
    second = samples.store_page(kept.store, 1, size=3001)
    kept.store.discard_others([second], now=NEXT_DAY)
    assert kept.names() == {second.file_name}


def test_threads_write_the_same_and_other_pages_at_once(kept: Kept) -> None:
    work = [(page, later) for later in range(5) for page in range(1, 31)] * 2
    with ThreadPoolExecutor(8) as threads:
        stored = list(
            threads.map(lambda it: samples.store_page(kept.store, it[0], later=it[1]), work)
        )
    assert kept.names() == {page.file_name for page in stored}
    assert len(kept.names()) == 150
    for page in stored:
        assert kept.store.recognise(FileName.parse(page.file_name)) == page  # type: ignore[arg-type]


def test_files_are_told_with_their_bytes_and_removed_by_their_names(kept: Kept) -> None:
    stored = [samples.store_page(kept.store, page) for page in (1, 2)]
    found = {str(name): size for name, size in kept.store.files().items()}
    assert found == {each.file_name: len(kept.get(each.file_name)) for each in stored}
    first, _ = (FileName.parse(each.file_name) for each in stored)
    assert first is not None
    kept.store.remove([first, first])
    assert kept.names() == {stored[1].file_name}
