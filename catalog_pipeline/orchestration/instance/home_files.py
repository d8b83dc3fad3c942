"""Files of an instance's home that nothing needs, and the room that is free in its databases.

Left over are files that were being made when their maker was killed, and logs of runs that were
deleted by other hands, which leave the empty file. Not here: which runs are old (`old_runs`).
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import dagster as dg

from catalog_pipeline.orchestration.instance.liveness import remove_stale_signs
from catalog_pipeline.orchestration.instance.run_states import UNFINISHED
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage
from catalog_pipeline.orchestration.instance.sqlite.space import bytes_on_disk, give_back

_SECONDS_IN_THE_MAKING = 3600
_IN_THE_MAKING = re.compile(r"\..*\.db\.[0-9a-f]{32}(-wal|-shm)?|\.index\..*")
_RUN_LOG = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.db")


def bytes_of_home(home: Path) -> int:
    """What all files of a home take."""
    sizes = 0
    for path in home.rglob("*"):
        with suppress(FileNotFoundError):
            found = path.lstat()
            sizes += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return sizes


def left_over_in_home(instance: dg.DagsterInstance, now: datetime) -> dict[Path, int]:
    """Files and folders that nobody will touch again, with their bytes."""
    storage = _storage_of_files(instance)
    if storage is None:
        return {}
    folder = Path(storage.index_path).parent
    old = [path for path in folder.iterdir() if _age(path, now) > _SECONDS_IN_THE_MAKING]
    found = [path for path in old if _IN_THE_MAKING.fullmatch(path.name)]
    logs = [path for path in old if _RUN_LOG.fullmatch(path.name)]
    found += [path for path in logs if not instance.has_run(path.stem) and _has_no_events(path)]
    return {path: _size(path) for path in found}


def remove_from_home(found: dict[Path, int]) -> None:
    """Remove them."""
    for path in found:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
            continue
        for each in (f"{path}-wal", f"{path}-shm", path) if path.suffix == ".db" else (path,):
            with suppress(OSError):
                Path(each).unlink(missing_ok=True)


def give_back_room(instance: dg.DagsterInstance) -> list[str]:
    """Shrink the databases by what is free in them; sentences about what was not possible now."""
    remove_stale_signs(instance)
    storage = _storage_of_files(instance)
    if storage is None:
        return []
    is_alone = not instance.get_run_ids(dg.RunsFilter(statuses=UNFINISHED), limit=1)
    home = Path(instance.root_directory)
    paths = (
        Path(storage.index_path),
        home / "history" / "runs.db",
        home / "schedules" / "schedules.db",
    )
    told = (give_back(str(path), is_alone=is_alone) for path in paths if path.is_file())
    return [sentence for sentence in told if sentence is not None]


def _storage_of_files(instance: dg.DagsterInstance) -> BatchedSqliteEventLogStorage | None:
    storage = instance.event_log_storage
    return storage if isinstance(storage, BatchedSqliteEventLogStorage) else None


def _age(path: Path, now: datetime) -> float:
    try:
        return now.timestamp() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(each) for each in path.iterdir())
    if path.suffix == ".db" and _RUN_LOG.fullmatch(path.name):
        return bytes_on_disk(str(path))
    with suppress(FileNotFoundError):
        return path.lstat().st_size
    return 0


def _has_no_events(path: Path) -> bool:
    """Whether a run's log is empty; one that cannot be read is somebody's affair."""
    try:
        with closing(sqlite3.connect(str(path))) as database:
            return database.execute("SELECT 1 FROM event_logs LIMIT 1").fetchone() is None
    except sqlite3.Error:
        return False
