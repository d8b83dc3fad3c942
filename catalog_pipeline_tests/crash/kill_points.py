"""Deaths placed on purpose: a real function of the program, and the process ends by its call.

The wrapped function does its work; before it, within it or after it a signal comes, SIGKILL or
Ctrl-C. In a worker process the crawl that it works for is killed first, so that both are gone, as
after a loss of power. Here: the points. How they get into the processes is in `dying` and
`in_every_process`.
"""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

PLACE = "CATALOG_PIPELINE_TESTS_DEATH"
"""Environment variable: the name of the point, a colon, and at which call death comes."""

Chooses = Callable[..., bool]


@dataclass(frozen=True)
class Point:
    """A call at which a signal reaches the process: module, attribute, and when."""

    module: str
    attribute: str
    when: str
    chooses: Chooses = lambda *arguments: True
    in_worker: bool = False
    signal: int = signal.SIGKILL


def _is_page_path(path: Any, *others: Any) -> bool:
    return "/.writing-" in str(path)


def _is_page_descriptor(descriptor: int, *others: Any) -> bool:
    return _is_page_path(os.readlink(f"/proc/self/fd/{descriptor}"))


def _has(kind: str) -> Chooses:
    return lambda storage, rows: any(row.type and row.type.value == kind for row in rows)


def _is_of_page(storage: Any, rows: Any) -> bool:
    return any(row.columns[-1] for row in rows if _has("ASSET_MATERIALIZATION")(storage, [row]))


def _is_of_listings(storage: Any, rows: Any) -> bool:
    return any(not row.columns[-1] for row in rows if _has("ASSET_MATERIALIZATION")(storage, [row]))


_LOG = "catalog_pipeline.orchestration.instance.sqlite.event_log"
_IN_RUN_FILE = "BatchedSqliteEventLogStorage._store_in_run_files"
_BATCH = "BatchedSqliteEventLogStorage.store_rows"
_SERVER_LOG = "catalog_pipeline.orchestration.instance.postgres.event_log"
_SERVER_BATCH = "BatchedPostgresEventLogStorage.store_rows"
_STORE = "catalog_pipeline.storing.folder_store"
_RECORDER = "catalog_pipeline.orchestration.checkpoints.writer"
_KNOWN = "catalog_pipeline.orchestration.checkpoints.known_pages"
_TABLE = "catalog_pipeline.tables.replace"
_BUCKET = "catalog_pipeline.storing.object_store"
_SHELF = "catalog_pipeline.storing.shelf"
_NOTICES = "catalog_pipeline.orchestration.runs.notify_run"


def _in_either_log(when: str, chooses: Chooses, signal: int = signal.SIGKILL) -> tuple[Point, ...]:
    """Of a process's logs there is one, in SQLite or in PostgreSQL."""
    logs = ((_LOG, _BATCH), (_SERVER_LOG, _SERVER_BATCH))
    return tuple(Point(*log, when, chooses, signal=signal) for log in logs)


def _of_either_store(when: str) -> tuple[Point, ...]:
    return Point(_STORE, "FolderStore.sync", when), Point(_BUCKET, "ObjectStore.sync", when)


_PAGE_RENAMED = Point("os", "rename", "after", _is_page_path, in_worker=True)
_PAGE_PUT = Point(_BUCKET, "ObjectStore._put", "after", in_worker=True)

POINTS: dict[str, Point | tuple[Point, ...]] = {
    "page file not begun": Point("os", "open", "before", _is_page_path, in_worker=True),
    "page file half written": Point("os", "write", "within", _is_page_descriptor, in_worker=True),
    "page file not synced": Point("os", "fsync", "before", _is_page_descriptor, in_worker=True),
    "page file not renamed": Point("os", "fsync", "after", _is_page_descriptor, in_worker=True),
    "page stored": (_PAGE_RENAMED, _PAGE_PUT),
    "names not synced": _of_either_store("before"),
    "names synced": _of_either_store("after"),
    "events in the run's file only": Point(
        _LOG, _IN_RUN_FILE, "after", _has("ASSET_MATERIALIZATION")
    ),
    "events recorded": _in_either_log("after", _is_of_page),
    "plan in the run's file only": Point(
        _LOG, _IN_RUN_FILE, "after", _has("ASSET_MATERIALIZATION_PLANNED")
    ),
    "partitions made": Point(_KNOWN, "add_found_pages", "after"),
    "listings recorded": _in_either_log("after", _is_of_listings),
    "gone pages wiped": Point("dagster", "DagsterInstance.delete_dynamic_partition", "before"),
    "gone pages dropped": Point(_KNOWN, "remove_found_pages", "after"),
    "failure not recorded": Point(_RECORDER, "EventRecorder.record_failure", "before"),
    "failure in the run's file only": Point(_LOG, _IN_RUN_FILE, "after", _has("ASSET_OBSERVATION")),
    "failure recorded": Point(_RECORDER, "EventRecorder.record_failure", "after"),
    "table not written": Point(
        "catalog_pipeline.tables.parquet_writer", "TableFile.close", "before"
    ),
    "table not replaced": Point(_TABLE, "replace_table", "before"),
    "table replaced": Point(_TABLE, "replace_table", "after"),
    "page put": _PAGE_PUT,
    "page not put": Point(_BUCKET, "ObjectStore._put", "before", in_worker=True),
    "file not put": Point(_SHELF, "Shelf.put_in_place", "before"),
    "file put": Point(_SHELF, "Shelf.put_in_place", "after"),
    "file put, no copy of it here": Point(_SHELF, "_mark", "before"),
    "notice taken": Point(_NOTICES, "record_try", "before"),
    "notice recorded": Point(_NOTICES, "record_try", "after"),
    "Ctrl-C as a run begins": _in_either_log("after", _has("PIPELINE_START"), signal.SIGINT),
    "Ctrl-C as a run ends": _in_either_log("before", _has("PIPELINE_SUCCESS"), signal.SIGINT),
}


def place(name: str, call: int) -> None:
    """Let this process die at the given call of the point."""
    for point in places_of(name):
        _place(point, call)


def places_of(name: str) -> tuple[Point, ...]:
    """Where the point is: of several, a process comes by one."""
    points = POINTS[name]
    return points if isinstance(points, tuple) else (points,)


def _place(point: Point, call: int) -> None:
    *path, attribute = point.attribute.split(".")
    owner = importlib.import_module(point.module)
    for part in path:
        owner = getattr(owner, part)
    function = getattr(owner, attribute)
    deadly = _deadly(function, point, call)
    for each in (owner, *_which_imported(function, attribute)):
        setattr(each, attribute, deadly)


def _which_imported(function: object, name: str) -> list[ModuleType]:
    """The modules of this project that have imported a function by its name."""
    ours = [each for name, each in sys.modules.items() if name.startswith("catalog_pipeline.")]
    return [each for each in ours if getattr(each, name, None) is function]


def _deadly(function: Callable[..., Any], point: Point, call: int) -> Callable[..., Any]:
    counted = itertools.count(1)
    parent = os.getppid()
    # One at a time, so that nobody passes while one dies.
    passing = threading.RLock()

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if not point.chooses(*arguments):
            return function(*arguments, **named)
        with passing:
            return passed(*arguments, **named)

    def passed(*arguments: Any, **named: Any) -> Any:
        if next(counted) != call:
            return function(*arguments, **named)
        if point.when == "within":
            descriptor, content = arguments
            function(descriptor, bytes(content)[: len(content) // 2])
        elif point.when == "after":
            result = function(*arguments, **named)
            _strike(point, parent)
            return result
        _strike(point, parent)
        return function(*arguments, **named)

    return wrapped


def _strike(point: Point, parent: int) -> None:
    # An orphan's parent is none of ours.
    if point.in_worker and os.getppid() == parent:
        os.kill(parent, point.signal)
    os.kill(os.getpid(), point.signal)
