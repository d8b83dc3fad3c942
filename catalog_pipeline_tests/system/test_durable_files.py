"""A file is there whole or not at all, and nothing but a plain file is read."""

from __future__ import annotations

import contextlib
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.system import durable_files
from catalog_pipeline_tests.storing.disks import small_disk


def _calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the operating system that make a file last, in their order from now on."""
    seen: list[str] = []
    for name in ("fsync", "rename"):
        real = getattr(os, name)

        def told(first: object, *others: object, name: str = name, real: Any = real) -> object:
            place = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else str(first)
            seen.append(f"{name} {'folder' if os.path.isdir(place) else 'file'}")
            return real(first, *others)

        monkeypatch.setattr(os, name, told)
    return seen


def test_content_is_synced_before_it_gets_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _calls(monkeypatch)
    durable_files.replace_content(tmp_path / "a", b"one")
    assert calls == ["fsync file", "rename file", "fsync folder"]
    calls.clear()
    durable_files.write_file(tmp_path / "a", b"two", temporary=tmp_path / ".a")
    assert calls == ["fsync file", "rename file"]
    calls.clear()
    (tmp_path / "b").write_bytes(b"three")
    durable_files.put_in_place(tmp_path / "b", tmp_path / "a")
    assert calls == ["fsync file", "rename file", "fsync folder"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"three"}


@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_file_is_never_more_open_than_asked_for(tmp_path: Path, mode: int, umask: int) -> None:
    before = os.umask(umask)
    try:
        durable_files.replace_content(tmp_path / "a", b"one", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode & ~umask


@pytest.mark.processes
def test_a_full_disk_leaves_what_was_there_and_nothing_beside(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=64) as disk:
        durable_files.replace_content(disk / "a", b"old")
        with pytest.raises(OSError, match="No space left"):
            durable_files.replace_content(disk / "a", bytes(100_000))
        assert {path.name: path.read_bytes() for path in disk.iterdir()} == {"a": b"old"}


def test_a_link_under_the_temporary_name_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".a").symlink_to(tmp_path / "mine")
    with pytest.raises(FileExistsError):
        durable_files.write_file(tmp_path / "a", b"one", temporary=tmp_path / ".a")
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "a").symlink_to(tmp_path / "mine")
    durable_files.replace_content(tmp_path / "a", b"one")
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert durable_files.kind_of(tmp_path / "a") == "a file"
    assert durable_files.read_plain(tmp_path / "a", max_bytes=3) == b"one"


def test_what_is_missing_is_missing_and_nothing_else(tmp_path: Path) -> None:
    assert durable_files.kind_of(tmp_path / "a") is None
    with pytest.raises(FileNotFoundError):
        durable_files.read_plain(tmp_path / "a", max_bytes=3)


def test_a_file_takes_no_more_memory_to_read_than_it_is_long(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    tracemalloc.start()
    try:
        content = durable_files.read_plain(tmp_path / "a", max_bytes=1 << 31)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert content == b"x" * 100_000
    # Other threads of the tests may take some beside.
    assert peak < 100_000_000


def test_a_file_that_is_read_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"four")
    durable_files.read_plain(tmp_path / "a", max_bytes=4)
    with pytest.raises(durable_files.TooLongError):
        durable_files.read_plain(tmp_path / "a", max_bytes=3)
    open_files = []
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            open_files.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    assert str(tmp_path / "a") not in open_files


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"four")
    assert durable_files.read_plain(tmp_path / "a", max_bytes=4) == b"four"
    with pytest.raises(durable_files.TooLongError, match="4 bytes") as refusal:
        durable_files.read_plain(tmp_path / "a", max_bytes=3)
    assert refusal.value.bytes_found == 4
