"""What is peculiar to a folder of page files: what may lie in it, and disks that fail.

What every store promises is asked in `test_store`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StorageError, StoredPageError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.storing import samples
from catalog_pipeline_tests.storing.disks import make_read_only, make_writable, small_disk


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store whose folder was not there before."""
    store = FolderStore(tmp_path / "shop" / "pages")
    store.prepare()
    return store


def names(store: FolderStore) -> set[str]:
    """Everything in the store's folder."""
    return {path.name for path in store.folder.iterdir()}


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
def test_what_is_no_file_is_neither_followed_nor_waited_for(store: FolderStore, thing: str) -> None:
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
    store.discard_others([later], now=samples.NOON + timedelta(days=1))
    assert (stored.file_name in names(store)) == (thing == "folder")


def test_a_file_longer_than_any_page_is_not_read(store: FolderStore) -> None:
    stored = samples.store_page(store, 7)
    os.truncate(store.folder / stored.file_name, 1 << 40)
    with pytest.raises(StoredPageError, match=r"page 7: .* has 1,099,511,627,776 bytes"):
        store.read(PageKey(7), stored.file_name, stored.sha256)
    with pytest.raises(StoredPageError, match="more than any page"):
        store.recognise(store.newest()[PageKey(7)])


def test_preparing_removes_half_written_files_and_nothing_else(store: FolderStore) -> None:
    stored = samples.store_page(store, 7)
    (store.folder / ".writing-99-1").write_bytes(b"catalogue pa")
    (store.folder / "notes.txt").write_text("mine")
    assert set(store.newest()) == {PageKey(7)}
    store.prepare()
    assert names(store) == {stored.file_name, "notes.txt"}


def test_what_one_dead_process_was_writing_is_removed_and_nothing_else(store: FolderStore) -> None:
    stored = samples.store_page(store, 7)
    for writer in ("99-a-1", "99-a-2", "999-a-1"):
        (store.folder / f".writing-{writer}").write_bytes(b"catalogue pa")
    store.discard_half_written_by(99)
    assert names(store) == {stored.file_name, ".writing-999-a-1"}


@pytest.mark.parametrize("last", [0, 1])
def test_of_the_files_of_one_fetch_the_one_that_was_stored_last_is_the_newest(
    store: FolderStore, last: int
) -> None:
    both = [samples.store_page(store, 7, size=size) for size in (1000, 2000)]
    samples.store_page(store, 7, later=-1)
    for place, stored in enumerate(both):
        os.utime(store.folder / stored.file_name, ns=(0, 1 + (place == last)))
    assert str(store.newest()[PageKey(7)]) == both[last].file_name


def test_a_store_without_a_folder_is_empty(tmp_path: Path) -> None:
    assert FolderStore(tmp_path / "nothing").newest() == {}


@pytest.mark.processes
def test_a_full_disk_is_a_clear_error_and_leaves_nothing_torn(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=256) as disk:
        store = FolderStore(disk / "pages")
        store.prepare()
        whole = samples.store_page(store, 1, size=100_000)
        with pytest.raises(StorageError, match=r"store page 2 .*No space left on device"):
            samples.store_page(store, 2, size=300_000)
        assert names(store) == {whole.file_name}
        small = samples.store_page(store, 3, size=1000)
        for stored in (whole, small):
            store.read(stored.record.page, stored.file_name, stored.sha256)


@pytest.mark.processes
def test_a_read_only_folder_is_a_clear_error_and_can_still_be_read(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=256) as disk:
        store = FolderStore(disk / "pages")
        store.prepare()
        old, new = samples.store_page(store, 1), samples.store_page(store, 1, later=1)
        make_read_only(disk)
        with pytest.raises(StorageError, match=r"store page 2 .*Read-only file system"):
            samples.store_page(store, 2)
        with pytest.raises(StorageError, match=r"remove old files .*Read-only file system"):
            store.discard_others([new], now=samples.NOON + timedelta(days=1))
        with pytest.raises(StorageError, match=r"prepare .*Read-only file system"):
            FolderStore(disk / "others").prepare()
        store.read(PageKey(1), old.file_name, old.sha256)
        make_writable(disk)
        samples.store_page(store, 2)


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("in the way")
    store = FolderStore(tmp_path / "pages")
    with pytest.raises(StorageError, match="prepare"):
        store.prepare()
    with pytest.raises(StorageError, match="list"):
        store.newest()
    with pytest.raises(StorageError, match="store page 1"):
        samples.store_page(store, 1)
