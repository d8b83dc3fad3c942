"""Where the files of a catalogue are kept, as its places say: in folders, or in an object store.

Whoever reads or writes one asks here. How it is kept is in `folder_store`, `object_store`,
`evidence` and `shelf`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from catalog_pipeline.errors import TableError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.storing.evidence import Evidence
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.object_store import ObjectStore
from catalog_pipeline.storing.objects import ObjectInfo, Objects
from catalog_pipeline.storing.shelf import HERE, Shelf, staged
from catalog_pipeline.storing.store import Store
from catalog_pipeline.system.durable_files import kind_of, open_plain

_MOST_OPENED = 64
"""Of a process that has to do with many catalogues, as the daemon."""


def page_store(places: CataloguePlaces) -> Store:
    """The catalogue's page files."""
    if places.address is None:
        return FolderStore(places.pages)
    return ObjectStore(objects_of(places, places.pages))


def evidence_of(places: CataloguePlaces) -> Evidence:
    """What the site answered where a page failed last."""
    if places.address is None:
        return Evidence(places.failures)
    return Evidence(objects_of(places, places.failures))


def shelf_of(places: CataloguePlaces, folder: Path | None = None) -> Shelf:
    """The catalogue's tables; or whatever is in another of its folders."""
    if places.address is None:
        return HERE
    return Shelf(objects_of(places, folder or places.folder))


def table_of(places: CataloguePlaces) -> Path:
    """The table, a copy of it where it is kept elsewhere.

    Raises:
        StorageError: it cannot be had.
    """
    shelf_of(places).bring(places.folder, lambda name: name == places.table.name)
    return places.table


@contextmanager
def past_of(places: CataloguePlaces) -> Iterator[Path]:
    """The table, with history and changes beside it, also those that wait for their table.

    What is amiss with one within the block is told of where it is kept, not of the copy.

    Raises:
        StorageError: they cannot be had.
    """
    brought_shelf(places)
    try:
        yield places.table
    except TableError as error:
        if places.address is None:
            raise
        told = str(error).replace(f"{places.folder}{os.sep}", f"{places.address}/")
        raise TableError(told) from error


def brought_shelf(places: CataloguePlaces) -> Shelf:
    """The catalogue's tables, of which there are copies of today.

    Raises:
        StorageError: they cannot be had.
    """
    shelf = shelf_of(places)
    of_past = (places.history, places.changes)
    waiting = tuple(staged(path, "").name for path in of_past)
    names = {path.name for path in (places.table, *of_past)}
    shelf.bring(places.folder, lambda name: name in names or name.startswith(waiting))
    return shelf


def lacking(places: CataloguePlaces, *paths: Path) -> set[Path]:
    """Those of the files, which are in one folder, that are not there.

    Raises:
        StorageError: that cannot be told.
    """
    return set(paths) - found_of(places, *paths).keys()


def found_of(places: CataloguePlaces, *paths: Path) -> dict[Path, ObjectInfo | None]:
    """Those of the files, which are in one folder, that are there, and what a store says of them.

    Raises:
        StorageError: that cannot be told.
    """
    if places.address is None or not places.holds(paths[0]):
        return {path: None for path in paths if kind_of(path) is not None}
    found = {each.name: each for each in objects_of(places, paths[0].parent).list()}
    return {path: found[path.name] for path in paths if path.name in found}


def end_of(places: CataloguePlaces, path: Path, found: ObjectInfo | None, length: int) -> bytes:
    """The last bytes of a file that was found.

    Raises:
        OSError: it is there no more, is none, or cannot be read.
        StorageError: the store cannot be read, or has another in its place.
    """
    if found is not None:
        return objects_of(places, path.parent).end_of(found, length)
    with open(open_plain(path), "rb") as file:
        file.seek(max(os.fstat(file.fileno()).st_size - length, 0))
        return file.read(length)


def stamp_of_table(places: CataloguePlaces) -> tuple[int | str, ...] | None:
    """What tells a table from another one in its place; None if there is none.

    Raises:
        StorageError: that cannot be told.
    """
    if places.address is not None:
        objects = objects_of(places, places.folder).list()
        listed = (each for each in objects if each.name == places.table.name)
        return next(((each.bytes, each.tag) for each in listed), None)
    try:
        found = places.table.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def objects_of(places: CataloguePlaces, folder: Path) -> Objects:
    """What is at the address of a folder: for all that ask the same, with its open connections."""
    return _opened(places.told(folder), os.getpid(), frozenset(os.environ.items()))


@lru_cache(maxsize=_MOST_OPENED)
def _opened(address: str, pid: int, environ: frozenset[tuple[str, str]]) -> Objects:
    """Of a process that was forked its own: its parent's may have threads by now."""
    return Objects(address)
