"""Removing what crawls leave behind, by the YAML's `retention`: for the command and the daemon.

What goes is found out first and said; then it is removed in steps of which each leaves a right
instance. Never removed are the latest checkpoint of a page, what a standing failure is told by, a
run that has not finished, what later builds are held against, and a page file that may not be
recorded yet. Runs of other jobs are nobody's to remove here. Not here: what stands by a run
(`instance/old_runs`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.catalogue.retention import Retention
from catalog_pipeline.orchestration.checkpoints.ends import SIGNS_KEY
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.notices_log import LATE_AFTER
from catalog_pipeline.orchestration.checkpoints.past_builds import runs_of_past
from catalog_pipeline.orchestration.instance.home_files import (
    bytes_of_home,
    give_back_room,
    left_over_in_home,
    remove_from_home,
)
from catalog_pipeline.orchestration.instance.old_runs import (
    OldRuns,
    event_log_of,
    find_old_runs,
    remove_old_runs,
)
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    EXPORTS_TAG,
    NOTICES_TAG,
    RETENTION_TAG,
    own_keys,
    pages_key,
    qualified_name,
)
from catalog_pipeline.orchestration.runs.left_files import (
    LeftFiles,
    find_left_files,
    remove_left_files,
)
from catalog_pipeline.system.locked_file import LockedFile

_LOCK = "prune.lock"
_POLL_SECONDS = 0.2
_ASSET_JOB = "__ASSET_JOB"
_DEFAULT = Retention().runs_kept


@dataclass(frozen=True)
class Amount:
    """How many there are of something, and their bytes."""

    count: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, sizes: dict[int, int] | dict[Path, int]) -> Amount:
        """All of them together."""
        return cls(len(sizes), sum(sizes.values()))


@dataclass(frozen=True)
class Pruned:
    """What was removed of one catalogue, or would be; `waits_for` keeps its files for later.

    `events` are those of the runs in the index, `superseded` those of old runs that stay.
    """

    name: str
    runs: Amount = Amount()
    events: Amount = Amount()
    superseded: Amount = Amount()
    page_files: Amount = Amount()
    left_overs: Amount = Amount()
    waits_for: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to remove."""
        kinds = (self.runs, self.events, self.superseded, self.page_files, self.left_overs)
        return not any(each.count for each in kinds)


@dataclass(frozen=True)
class PruneReport:
    """What was removed, or would be: by catalogue, of the runs that remove, and of the home."""

    catalogues: tuple[Pruned, ...]
    own_runs: Pruned = field(default_factory=lambda: Pruned("retention"))
    left_overs: Amount = Amount()
    bytes_before: int = 0
    bytes_after: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to remove."""
        whole = all(each.is_nothing for each in (*self.catalogues, self.own_runs))
        return whole and not self.left_overs.count


def prune(
    instance: dg.DagsterInstance,
    catalogues: Sequence[Catalogue],
    now: datetime,
    *,
    dry_run: bool = False,
    on_wait: Callable[[], None] = lambda: None,
) -> PruneReport:
    """Remove what the catalogues need no more, and give its room back; or only say what that is."""
    home = Path(instance.root_directory)
    before = bytes_of_home(home)
    if dry_run:
        told = tuple(_prune_one(instance, each, now, dry_run=True) for each in catalogues)
        own = _prune_own(instance, catalogues, now, dry_run=True)
        left = Amount.of(left_over_in_home(instance, now))
        return PruneReport(told, own, left, before, None, tuple(_notes(instance)))
    with _alone(home, on_wait):
        told = tuple(_prune_one(instance, each, now, dry_run=False) for each in catalogues)
        own = _prune_own(instance, catalogues, now, dry_run=False)
        found = left_over_in_home(instance, now)
        remove_from_home(found)
        notes = [*_notes(instance), *give_back_room(instance)]
    return PruneReport(told, own, Amount.of(found), before, bytes_of_home(home), tuple(notes))


def _prune_one(
    instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime, *, dry_run: bool
) -> Pruned:
    known = with_known_pages(instance, catalogue)
    old = _old_runs(instance, known, now)
    if not dry_run:
        remove_old_runs(instance, old)
        files = remove_left_files(instance, known, now)
    else:
        files = find_left_files(instance, known, now)
    return _told(catalogue.name, old, files)


def _old_runs(instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime) -> OldRuns:
    kept_for = catalogue.retention.runs_kept
    if kept_for is None:
        return OldRuns()
    if catalogue.notify is not None:
        # Notice of any of them may still have to be given, and what was given is known by them.
        kept_for = max(kept_for, LATE_AFTER)
    pages = pages_key(catalogue)
    return find_old_runs(
        instance,
        lambda record: _is_of(catalogue, record.dagster_run),
        now - kept_for,
        own_keys(catalogue),
        pages,
        kept=lambda: runs_of_past(instance, catalogue, format_pages(catalogue.pages)),
        telling=SIGNS_KEY,
    )


def _prune_own(
    instance: dg.DagsterInstance, catalogues: Sequence[Catalogue], now: datetime, *, dry_run: bool
) -> Pruned:
    """The runs that removed others go, too, when the longest kept runs of a catalogue do."""
    ages = [each.retention.runs_kept or _DEFAULT or timedelta() for each in catalogues]
    if not ages:
        return Pruned("retention")
    names = {qualified_name(each) for each in catalogues}
    old = find_old_runs(
        instance,
        lambda record: record.dagster_run.tags.get(RETENTION_TAG) in names,
        now - max(ages),
        (),
        None,
    )
    if not dry_run:
        remove_old_runs(instance, old)
    return _told("retention", old, LeftFiles())


def _is_of(catalogue: Catalogue, run: dg.DagsterRun) -> bool:
    """Whether a run is one of this package, and of nothing but that catalogue's assets.

    Somebody's own job may materialize the same assets, and is left to them.
    """
    keys = set(run.asset_selection or ())
    keys |= {check.asset_key for check in run.asset_check_selection or ()}
    if not keys:
        return False
    tags = run.tags
    name = qualified_name(catalogue)
    is_marked = tags.get(CATALOGUE_TAG) == catalogue.name or name in (
        tags.get(EXPORTS_TAG),
        tags.get(NOTICES_TAG),
    )
    if is_marked:
        folder = pages_key(catalogue).path[:-1]
        return all(key.path[:-1] == folder for key in keys)
    return run.job_name.startswith(_ASSET_JOB) and keys <= set(own_keys(catalogue))


def _told(name: str, old: OldRuns, files: LeftFiles) -> Pruned:
    return Pruned(
        name,
        runs=Amount(len(old.runs), old.log_bytes),
        events=Amount.of(old.events),
        superseded=Amount.of(old.superseded),
        page_files=Amount.of(files.pages),
        left_overs=Amount.of(files.left_overs),
        waits_for=files.waits_for,
    )


def _notes(instance: dg.DagsterInstance) -> Iterator[str]:
    storage = event_log_of(instance)
    if storage is None:
        kind = type(instance.event_log_storage).__name__
        yield f"runs and events are not removed: they are kept by {kind}, not by this package"
    elif not storage.index_is_apart:
        yield "the room of runs and events in the database is PostgreSQL's to use again"


@contextmanager
def _alone(home: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Within the block nobody else removes anything of this home."""
    lock = LockedFile.try_take(home / _LOCK, {})
    if lock is None:
        on_wait()
    while lock is None:
        time.sleep(_POLL_SECONDS)
        lock = LockedFile.try_take(home / _LOCK, {})
    try:
        yield
    finally:
        lock.release(remove=False)
