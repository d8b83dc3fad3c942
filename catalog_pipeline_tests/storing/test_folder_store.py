"""The folder of page files: what is read is what was recorded, or an error."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StorageError, StoredPageError
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import PageStore
from catalog_pipeline.storing.page_file import FileName, PageFile
from catalog_pipeline_tests.storing import samples
from catalog_pipeline_tests.storing.disks import make_read_only, make_writable, small_disk


@pytest.fixture
def store(tmp_path: Path) -> PageStore:
    """A store whose folder was not there before."""
    store = PageStore(tmp_path / "shop" / "pages")
    store.prepare()
    return store


def names(store: PageStore) -> set[str]:
    """Everything in the store's folder."""
    return {path.name for path in store.folder.iterdir()}


def test_a_stored_page_reads_back(store: PageStore) -> None:
    stored = samples.store_page(store, 7)
    store.sync()
    file = store.read(PageKey(7), stored.file_name, stored.sha256)
    assert file.record == stored.record
    assert (file.columns, file.body) == (samples.columns(7), samples.body(7))
    assert names(store) == {stored.file_name}


def test_an_altered_byte_anywhere_is_noticed(store: PageStore) -> None:
    stored = samples.store_page(store, 7, size=200)
    path = store.folder / stored.file_name
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(StoredPageError, match="altered"):
            store.read(PageKey(7), stored.file_name, stored.sha256)
        with pytest.raises(StoredPageError, match="not whole"):
            store.recognise(store.newest()[PageKey(7)])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_noticed(store: PageStore, share: float) -> None:
    stored = samples.store_page(store, 7)
    path = store.folder / stored.file_name
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(StoredPageError, match="altered"):
        store.read(PageKey(7), stored.file_name, stored.sha256)
    with pytest.raises(StoredPageError, match="not whole"):
        store.recognise(store.newest()[PageKey(7)])


def test_a_missing_file_is_an_error_that_names_it(store: PageStore) -> None:
    stored = samples.store_page(store, 7)
    (store.folder / stored.file_name).unlink()
    with pytest.raises(StoredPageError, match=f"page 7: .*{stored.file_name} is missing"):
        store.read(PageKey(7), stored.file_name, stored.sha256)


def test_a_file_without_a_checkpoint_is_recognised_as_what_was_stored(store: PageStore) -> None:
    stored = samples.store_page(store, 7)
    assert store.recognise(store.newest()[PageKey(7)]) == stored


def test_a_page_can_be_stored_again_under_a_new_record(store: PageStore) -> None:
    old = samples.store_page(store, 7)
    file = store.read(PageKey(7), old.file_name, old.sha256)
    record = replace(old.record, fetched_at=samples.NOON + timedelta(1), not_modified=True)
    new = store.write_again(record, file)
    again = store.read(PageKey(7), new.file_name, new.sha256)
    assert (again.record, again.columns, again.body) == (record, file.columns, file.body)
    assert store.newest()[PageKey(7)] == FileName.parse(new.file_name)


def _as_fifo(path: Path) -> None:
    os.mkfifo(path)


def _as_link(path: Path) -> None:
    whole = path.with_name("elsewhere")
    path.rename(whole)
    path.symlink_to(whole)


def _as_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def _as_device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero: reading it never ends
    except PermissionError as error:
        pytest.skip(f"this machine lets nobody make a device: {error}")


def _as_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(path.parent)  # a socket's path may only be some 100 characters long
        try:
            listening.bind(path.name)
        finally:
            os.chdir(here)


OTHER_THINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "fifo": (_as_fifo, "a FIFO"),
    "link": (_as_link, "a link"),
    "link to nothing": (_as_link_to_nothing, "a link"),
    "folder": (Path.mkdir, "a folder"),
    "device": (_as_device, "a device"),
    "socket": (_as_socket, "a socket"),
}


@pytest.mark.parametrize("thing", OTHER_THINGS)
def test_what_is_no_file_is_neither_followed_nor_waited_for(store: PageStore, thing: str) -> None:
    stored = samples.store_page(store, 7)
    path = store.folder / stored.file_name
    make, kind = OTHER_THINGS[thing]
    if thing != "link":
        path.unlink()
    make(path)
    with pytest.raises(StoredPageError, match=f"page 7: .*{stored.file_name} should be is {kind}"):
        store.read(PageKey(7), stored.file_name, stored.sha256)
    with pytest.raises(StoredPageError, match=kind):
        store.recognise(store.newest()[PageKey(7)])
    later = samples.store_page(store, 7, later=1)
    store.discard_others([later])
    assert (stored.file_name in names(store)) == (thing == "folder")


def test_a_file_of_another_page_is_not_taken_for_the_one_of_its_name(store: PageStore) -> None:
    other = samples.store_page(store, 3, later=60)
    name = str(replace(store.newest()[PageKey(3)], page=PageKey(7)))
    (store.folder / other.file_name).rename(store.folder / name)
    with pytest.raises(StoredPageError, match=f"page 7: .*under the name {other.file_name}"):
        store.recognise(store.newest()[PageKey(7)])
    with pytest.raises(StoredPageError, match=r"page 7: .*one of page 3"):
        store.read(PageKey(7), name, other.sha256)


def test_a_file_that_claims_another_time_is_not_taken(store: PageStore) -> None:
    stored = samples.store_page(store, 7)
    later = str(replace(store.newest()[PageKey(7)], fetched_at=samples.NOON + timedelta(days=1)))
    (store.folder / stored.file_name).rename(store.folder / later)
    with pytest.raises(StoredPageError, match="belongs under the name"):
        store.recognise(store.newest()[PageKey(7)])


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
    store: PageStore, rows: bytes | None, body: bytes | None, complaint: str
) -> None:
    good = samples.store_page(store, 7)
    file = store.read(PageKey(7), good.file_name, good.sha256)
    record = replace(file.record, fetched_at=samples.NOON + timedelta(days=1))
    store.write_again(record, PageFile(record, rows or file.packed_rows, body or file.packed_body))
    with pytest.raises(StoredPageError, match=complaint):
        store.recognise(store.newest()[PageKey(7)])


def test_preparing_removes_half_written_files_and_nothing_else(store: PageStore) -> None:
    stored = samples.store_page(store, 7)
    (store.folder / ".writing-99-1").write_bytes(b"catalogue pa")
    (store.folder / "notes.txt").write_text("mine")
    assert set(store.newest()) == {PageKey(7)}
    store.prepare()
    assert names(store) == {stored.file_name, "notes.txt"}


def test_only_older_files_of_the_given_pages_are_discarded(store: PageStore) -> None:
    _, kept, newer, other = (
        samples.store_page(store, 1, later=0),
        samples.store_page(store, 1, later=1),
        samples.store_page(store, 1, later=2),
        samples.store_page(store, 2, later=0),
    )
    store.discard_others([kept])
    assert names(store) == {kept.file_name, newer.file_name, other.file_name}


def test_a_file_that_was_parsed_again_replaces_the_one_of_the_same_fetch(store: PageStore) -> None:
    first, second = (samples.store_page(store, 1, size=size) for size in (3000, 3001))
    store.discard_others([first])
    assert names(store) == {first.file_name}
    second = samples.store_page(store, 1, size=3001)
    store.discard_others([second])
    assert names(store) == {second.file_name}


def test_a_store_without_a_folder_is_empty(tmp_path: Path) -> None:
    assert PageStore(tmp_path / "nothing").newest() == {}


def test_threads_write_the_same_and_other_pages_at_once(store: PageStore) -> None:
    work = [(page, later) for later in range(5) for page in range(1, 31)] * 2
    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(lambda it: samples.store_page(store, it[0], later=it[1]), work))
    assert names(store) == {page.file_name for page in stored}
    assert len(names(store)) == 150
    for page in stored:
        assert store.recognise(FileName.parse(page.file_name)) == page  # type: ignore[arg-type]


def test_a_full_disk_is_a_clear_error_and_leaves_nothing_torn(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=256) as disk:
        store = PageStore(disk / "pages")
        store.prepare()
        whole = samples.store_page(store, 1, size=100_000)
        with pytest.raises(StorageError, match=r"store page 2 .*No space left on device"):
            samples.store_page(store, 2, size=300_000)
        assert names(store) == {whole.file_name}
        small = samples.store_page(store, 3, size=1000)
        for stored in (whole, small):
            store.read(stored.record.page, stored.file_name, stored.sha256)


def test_a_read_only_folder_is_a_clear_error_and_can_still_be_read(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=256) as disk:
        store = PageStore(disk / "pages")
        store.prepare()
        old, new = samples.store_page(store, 1), samples.store_page(store, 1, later=1)
        make_read_only(disk)
        with pytest.raises(StorageError, match=r"store page 2 .*Read-only file system"):
            samples.store_page(store, 2)
        with pytest.raises(StorageError, match=r"remove old files .*Read-only file system"):
            store.discard_others([new])
        with pytest.raises(StorageError, match=r"prepare .*Read-only file system"):
            PageStore(disk / "others").prepare()
        store.read(PageKey(1), old.file_name, old.sha256)
        make_writable(disk)
        samples.store_page(store, 2)


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("in the way")
    store = PageStore(tmp_path / "pages")
    with pytest.raises(StorageError, match="prepare"):
        store.prepare()
    with pytest.raises(StorageError, match="list"):
        store.newest()
    with pytest.raises(StorageError, match="store page 1"):
        samples.store_page(store, 1)
