"""A lock file is a regular file: what else lies under its name is refused, and never waited for."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog_pipeline.errors import StorageError
from catalog_pipeline.system.locked_file import LockedFile, is_locked, read_values
from catalog_pipeline_tests.storing.disks import fill, small_disk


def _link(path: Path) -> None:
    path.with_name("elsewhere").write_text('{"pid": 1}')
    path.symlink_to(path.with_name("elsewhere"))


def _link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def _link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        # The name of a socket is short, however long the folder's is.
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(before)


STRANGE = [_link, _link_to_nowhere, _link_to_a_device, _pipe, _socket, Path.mkdir]
USES: list[Callable[[Path], object]] = [
    lambda path: LockedFile.try_take(path, {}),
    lambda path: LockedFile.try_make(path, {}),
    is_locked,
    read_values,
]


@pytest.mark.parametrize("use", USES, ids=["take", "make", "is_locked", "read"])
@pytest.mark.parametrize("strange", STRANGE, ids=lambda make: make.__name__)
def test_what_is_no_file_is_refused_with_a_sentence(
    tmp_path: Path, strange: Callable[[Path], None], use: Callable[[Path], object]
):
    path = tmp_path / "crawl.lock"
    strange(path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StorageError, match=r"crawl\.lock is a .*, not a file, and is not used"):
        use(path)
    assert sorted(tmp_path.iterdir()) == before


def test_what_a_link_points_to_stays_as_it_is(tmp_path: Path):
    path = tmp_path / "crawl.lock"
    _link(path)
    with pytest.raises(StorageError):
        LockedFile.try_take(path, {"pid": 2})
    assert (tmp_path / "elsewhere").read_text() == '{"pid": 1}'


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 9000, b"[1]", b'{"pid": 1', b"0" * 10**6])
def test_values_that_no_holder_wrote_are_none(tmp_path: Path, content: bytes):
    path = tmp_path / "crawl.lock"
    path.write_bytes(content)
    assert read_values(path) == {}
    assert not is_locked(path)


def test_a_file_that_is_not_there_is_not_locked_and_says_nothing(tmp_path: Path):
    assert not is_locked(tmp_path / "no folder" / "crawl.lock")
    assert read_values(tmp_path / "no folder" / "crawl.lock") == {}


def test_a_held_file_is_locked_and_tells_its_values(tmp_path: Path):
    held = LockedFile.try_take(tmp_path / "a", {"pid": 7})
    assert held is not None
    assert is_locked(held.path)
    assert read_values(held.path) == {"pid": 7}
    held.release(remove=True)
    assert not is_locked(held.path)


@pytest.mark.processes
def test_on_a_full_disk_it_is_held_and_says_nothing(tmp_path: Path):
    with small_disk(tmp_path / "disk", kilobytes=64) as disk:
        path = disk / "lock"
        ballast = fill(disk, room_kilobytes=0)
        held = LockedFile.try_take(path, {"holder": "abc"})
        assert held is not None
        assert is_locked(path)
        assert read_values(path) == {}
        with pytest.raises(StorageError, match="No space left"):
            held.write({"holder": "abc"})
        ballast.unlink()
        held.write({"holder": "abc"})
        assert read_values(path) == {"holder": "abc"}
        held.release(remove=True)
