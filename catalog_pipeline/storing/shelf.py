"""The tables of a catalogue: files of a folder, each replaced at once, that may be kept far away.

Where they are kept in an object store, the store has the truth, and the folder copies: `bring`
makes them what the store has, and whatever is done to a file is done in the store first. A file
counts from then on; a copy that a death left behind is brought anew by whoever looks next. Copies
change under the lock of their folder, each with its mark; whoever has listed and fetched leaves a
copy alone that somebody else changed meanwhile. What is in the files is not looked at.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import StorageError
from catalog_pipeline.storing.objects import ObjectInfo, Objects
from catalog_pipeline.system import durable_files
from catalog_pipeline.system.locked_folder import locked

_MARK = ".mark-of-"


class Shelf:
    """The files of one folder, or of one address of which it has copies."""

    def __init__(self, objects: Objects | None = None) -> None:
        self._objects = objects

    def bring(self, folder: Path, is_wanted: Callable[[str], bool]) -> list[ObjectInfo]:
        """Make the copies what the store has, of those whose names are wanted; all that it has.

        Nothing is done, and nothing told, where the files are kept in the folder.

        Raises:
            StorageError: the store cannot be read, or the folder not be written.
        """
        if self._objects is None:
            return []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Before the store is asked: what changes later is somebody's who knows better.
            marks = {
                each.name.removeprefix(_MARK): _read(each) for each in folder.glob(f"{_MARK}*")
            }
            listed = self._objects.list()
            wanted = {each.name: each for each in listed if is_wanted(each.name)}
            for name, mark in marks.items():
                if is_wanted(name) and name not in wanted:
                    with _unchanged(folder / name, mark) as is_so:
                        if is_so:
                            _unlink(folder / name)
            for name, each in wanted.items():
                if _tag_of_copy(folder / name) != each.tag:
                    with contextlib.suppress(FileNotFoundError):
                        _fetch(self._objects, name, folder / name, marks.get(name))
        except OSError as error:
            raise StorageError(
                f"Cannot write in {folder}: {error.strerror or error}. Nothing recorded is lost; "
                f"mend it and run again."
            ) from error
        return listed

    def put_in_place(self, new: Path, path: Path) -> None:
        """Put a file that is there whole in the place of another, which may be there or not.

        Raises:
            OSError: it cannot be synced or renamed.
            StorageError: the store cannot be written.
        """
        if self._objects is not None:
            tag = self._objects.put_file(path.name, new)
            with locked(path.parent):
                _mark(path, tag, new)
                durable_files.put_in_place(new, path)
        else:
            durable_files.put_in_place(new, path)

    def put(self, path: Path) -> str | None:
        """Have a file kept that is in its place already; the tag that the store gave it.

        Raises:
            OSError: it cannot be read.
            StorageError: the store cannot be written.
        """
        if self._objects is not None:
            tag = self._objects.put_file(path.name, path)
            with locked(path.parent):
                _mark(path, tag, path)
            return tag
        return None

    def rename(self, path: Path, other: Path) -> None:
        """Give a file another name, in the place of whatever has that.

        Raises:
            OSError: it cannot be renamed.
            StorageError: the store cannot be written.
        """
        if self._objects is not None:
            tag = self._objects.copy(path.name, other.name)
            with locked(path.parent):
                self._objects.remove([path.name])
                _mark(other, tag, path)
                os.rename(path, other)
                _unmark(path)
        else:
            os.rename(path, other)
        durable_files.sync_folder(other.parent)

    def set_aside(self, path: Path) -> Path:
        """Give a file a name that no other has, neither here nor in the store; that one.

        Raises:
            OSError: it cannot be renamed.
            StorageError: the store cannot be read or written.
        """
        taken = self._objects.list() if self._objects is not None else []
        aside = name_aside(path, frozenset(each.name for each in taken))
        self.rename(path, aside)
        return aside

    def keep(self, path: Path, other: Path) -> None:
        """Give a file a second name, unless there is a file of that name.

        Raises:
            OSError: it cannot be given one.
            StorageError: the store cannot be written.
        """
        if other.exists():
            return
        with contextlib.suppress(FileExistsError):
            if self._objects is None:
                os.link(path, other)
                return
            tag = self._objects.copy(path.name, other.name)
            with locked(path.parent):
                _mark(other, tag, path)
                os.link(path, other)

    def remove(self, path: Path) -> None:
        """Remove a file; one that is not there is none.

        Raises:
            OSError: it cannot be removed.
            StorageError: the store cannot be written.
        """
        if self._objects is not None and _mark_of(path).exists():
            with locked(path.parent):
                self._objects.remove([path.name])
                _unlink(path)
        path.unlink(missing_ok=True)


HERE = Shelf()
"""The folder of whatever path is given, in which the files are kept."""


def name_aside(path: Path, taken: Container[str] = ()) -> Path:
    """The first free name for what has to make room, which is none of those `taken` elsewhere."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.aside-{number}")
        if durable_files.kind_of(aside) is None and aside.name not in taken:
            return aside
        number += 1


def staged(path: Path, version: str) -> Path:
    """The name under which a file of a version waits for the table that names the version."""
    return path.with_name(f".{path.name}.staged-{version}")


def _fetch(objects: Objects, name: str, path: Path, mark: bytes | None) -> None:
    new = path.with_name(f".{name}.fetching-{durable_files.own_suffix()}-{uuid.uuid4().hex[:8]}")
    try:
        tag = objects.fetch(name, new)
        with _unchanged(path, mark) as is_so:
            if is_so:
                _mark(path, tag, new)
                os.rename(new, path)
    finally:
        new.unlink(missing_ok=True)


@contextlib.contextmanager
def _unchanged(path: Path, mark: bytes | None) -> Iterator[bool]:
    """Whether the copy at a path has that mark still, which nobody changes within the block."""
    with locked(path.parent):
        yield _read(_mark_of(path)) == mark


def _read(mark: Path) -> bytes | None:
    try:
        return mark.read_bytes()
    except FileNotFoundError:
        return None


def _mark_of(path: Path) -> Path:
    return path.with_name(f"{_MARK}{path.name}")


def _mark(path: Path, tag: str, copy: Path) -> None:
    """Note which tag what is in `copy` has, which comes to be at `path`."""
    content = json.dumps({"tag": tag, "file": _identity(copy)}).encode()
    durable_files.replace_content(_mark_of(path), content)


def _unmark(path: Path) -> None:
    _mark_of(path).unlink(missing_ok=True)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    _unmark(path)


def _tag_of_copy(path: Path) -> str | None:
    """The tag of what is at a path; None if it is not what was marked."""
    try:
        mark: dict[str, Any] = json.loads(_mark_of(path).read_bytes())
        if mark["file"] == _identity(path):
            return str(mark["tag"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _identity(path: Path) -> list[int]:
    """What tells a file from every other one in its place, and from itself after a write."""
    found = path.lstat()
    return [found.st_ino, found.st_size, found.st_mtime_ns]
