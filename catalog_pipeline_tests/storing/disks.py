"""Small disks that a test may fill or write-protect; skipped where a machine allows none."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of its own, in memory, of the given size."""
    folder.mkdir()
    made = _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder))
    if made.returncode:
        pytest.skip(f"this machine lets nobody mount a tmpfs: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, room_kilobytes: int) -> Path:
    """A file that leaves so much room on the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(file.tell() - room_kilobytes * 1024)
    return ballast


def make_read_only(disk: Path) -> None:
    """From now on nothing can be written to the disk."""
    _mount("-o", "remount,ro", str(disk)).check_returncode()


def make_writable(disk: Path) -> None:
    """The disk can be written to again."""
    _mount("-o", "remount,rw", str(disk)).check_returncode()


def _mount(*options: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["mount", *options], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("this machine has no mount command")
