"""Files of a catalogue that nothing names: of superseded checkpoints, and what killed writers left.

They are only removed while neither a crawl nor a build of the catalogue is on: one stores files
before it records them, the other reads what a newer checkpoint may have superseded meanwhile. Not
here: runs and events (`pruning`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.lock import CRAWL_LOCK, TABLE_LOCK
from catalog_pipeline.crawling.plan import CutOff, may_be_recovered
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
from catalog_pipeline.orchestration.instance.host_leases import hold_catalogue, holder_anywhere
from catalog_pipeline.places import CataloguePlaces, catalogue_places
from catalog_pipeline.storing.page_file import FileName
from catalog_pipeline.storing.stores import page_store

_HOLDER = "catalog-pipeline prune"
_BUILDING = ".*.building-*"


@dataclass(frozen=True)
class LeftFiles:
    """Files with their bytes; `waits_for` is whoever crawls or builds, so that they stay."""

    pages: dict[Path, int] = field(default_factory=dict)
    left_overs: dict[Path, int] = field(default_factory=dict)
    waits_for: str | None = None


def find_left_files(instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime) -> LeftFiles:
    """What could be removed now, if nobody crawls or builds."""
    places = catalogue_places(catalogue.name)
    for lock in (CRAWL_LOCK, TABLE_LOCK):
        holder = holder_anywhere(instance, places.folder, lock)
        if holder is not None:
            return LeftFiles(waits_for=holder)
    return _found(instance, catalogue, places, now)


def remove_left_files(
    instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime
) -> LeftFiles:
    """Remove them, unless somebody crawls or builds.

    Raises:
        StorageError: they cannot be removed.
    """
    places = catalogue_places(catalogue.name)
    if places.address is None and not places.folder.is_dir():
        return LeftFiles()
    with _locks_of(instance, places) as waits_for:
        if waits_for is not None:
            return LeftFiles(waits_for=waits_for)
        found = _found(instance, catalogue, places, now)
        names = (FileName.parse(path.name) for path in found.pages)
        page_store(places).remove(name for name in names if name is not None)
        for path in found.left_overs:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return found


def _found(
    instance: dg.DagsterInstance, catalogue: Catalogue, places: CataloguePlaces, now: datetime
) -> LeftFiles:
    left = {places.pages / name: size for name, size in page_store(places).half_written().items()}
    for path in (*places.failures.glob(".*"), *places.folder.glob(_BUILDING)):
        left[path] = path.lstat().st_size
    return LeftFiles(_superseded(instance, catalogue, places, now), left)


def _superseded(
    instance: dg.DagsterInstance, catalogue: Catalogue, places: CataloguePlaces, now: datetime
) -> dict[Path, int]:
    """Page files that no checkpoint names and that no crawl would take over.

    Where the one that is named is gone, the newest of its page stays: it is all there is, and named
    again once an older database is put back beside an older bucket.
    """
    store = page_store(places)
    files = store.files()
    checkpoints = read_checkpoints(instance, catalogue, {name.page for name in files})
    there = set(map(str, files))
    gone = {page for page, stored in checkpoints.items() if stored.file_name not in there}
    spared = {name for page, name in store.newest().items() if page in gone} if gone else set()
    wiped_at = WipeTimes(instance, catalogue)
    cut_off = CutOff(now)
    found: dict[Path, int] = {}
    for name, size in files.items():
        stored = checkpoints.get(name.page)
        if stored is not None and stored.file_name == str(name):
            continue
        if name in spared:
            continue
        if stored is None and name.fetched_at > now:
            # Its clock was ahead: when the time has come, it is a file like others.
            continue
        if not may_be_recovered(name, stored, cut_off, wiped_at, now):
            found[places.pages / str(name)] = size
    return found


@contextmanager
def _locks_of(instance: dg.DagsterInstance, places: CataloguePlaces) -> Iterator[str | None]:
    """Both locks of a catalogue within the block, or who has one of them."""
    with ExitStack() as taken:
        for name in (CRAWL_LOCK, TABLE_LOCK):
            # Nobody is waited for.
            lock = taken.enter_context(
                hold_catalogue(
                    instance, places.folder, _HOLDER, lock_file=name, should_stop=lambda: True
                )
            )
            if lock is None:
                holder = holder_anywhere(instance, places.folder, name)
                yield holder or "somebody who has just begun"
                return
        yield None
