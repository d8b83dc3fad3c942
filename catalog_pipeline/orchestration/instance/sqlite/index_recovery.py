"""The index of the event log, made anew from the files of the runs when it is damaged.

Every event of the index is in its run's file too, so that nothing has to be downloaded or crawled
again. What only the index holds is found out anew (cached statuses, slots of pools). Not here:
what damage is (`damage`), and how events are stored (`event_log`).
"""

import fcntl
import glob
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime, timezone
from itertools import groupby
from operator import itemgetter
from typing import NoReturn, Protocol

import dagster as dg
import sqlalchemy as db
from dagster._core.assets import AssetDetails
from dagster._core.events import AssetWipedData
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import deserialize_value, serialize_value

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.sql.event_rows import MIRRORED, EventRow, row_of
from catalog_pipeline.orchestration.instance.sqlite.damage import damage_of, set_aside
from catalog_pipeline.showing import as_line
from catalog_pipeline.system.durable_files import sync_folder

_EVENTS_AT_ONCE = 500
_IDS_A_SECOND = 4
_COUNTED_SINCE = 1_600_000_000
"""Ids of a new index begin beyond those of the old one, which the daemon's cursors have passed:
after what can be read of it, and after as many as a busy instance gave since this instant."""

_logger = logging.getLogger(__name__)


class Index(Protocol):
    """The event log in a folder where there are no runs."""

    def index_connection(self) -> AbstractContextManager[db.Connection]: ...
    def insert_into_index(
        self, connection: db.Connection, rows: Sequence[EventRow]
    ) -> Sequence[int]: ...
    def wipe_asset(self, asset_key: dg.AssetKey) -> None: ...
    def wipe_asset_partitions(
        self, asset_key: dg.AssetKey, partition_keys: Sequence[str]
    ) -> None: ...
    def dispose(self) -> None: ...


def recover_index(folder: str, open_index: Callable[[str], Index]) -> None:
    """Make the index anew if it is damaged or lost; says so once."""
    path = os.path.join(folder, f"{INDEX_SHARD_NAME}.db")
    if damage_of(path, lambda: bool(_run_files(folder))) is None:
        return
    with _alone(folder):
        # Another process may have done it meanwhile.
        damage = damage_of(path, lambda: bool(_run_files(folder)))
        if damage is not None:
            _replace(folder, path, damage, open_index)


def report_damage(path: str, which: tuple[int, int] | None, error: Exception) -> NoReturn:
    """For damage that is found in use: an index is set aside, to be made anew when next opened.

    Raises:
        StorageError: always.
    """
    if os.path.basename(path) != f"{INDEX_SHARD_NAME}.db":
        raise StorageError(
            f"The log of a run, {path}, is damaged: {error}. Pages that the run stored stay; move "
            f"the file away to be rid of it."
        ) from error
    with _alone(os.path.dirname(path)):
        # Unless another process has put a new one in its place by now.
        if os.path.exists(path) and (os.stat(path).st_dev, os.stat(path).st_ino) == which:
            set_aside(path)
    raise StorageError(
        f"The index of Dagster's event log, {path}, is damaged, and has been set aside: {error}. "
        f"Run the same again: it is made anew from the runs' own files, without a download."
    ) from error


def _replace(folder: str, path: str, damage: str, open_index: Callable[[str], Index]) -> None:
    began = time.monotonic()
    last_id = max(_last_id(path), int(time.time() - _COUNTED_SINCE) * _IDS_A_SECOND)
    made = tempfile.mkdtemp(prefix=".index.", dir=folder)
    try:
        index = open_index(made)
        _begin_ids_after(index, last_id)
        count = 0
        for events in _events_in_order(_run_files(folder)):
            _replay(index, events)
            count += len(events)
        index.dispose()
        new = os.path.join(made, f"{INDEX_SHARD_NAME}.db")
        _fold_in(new)
        aside = set_aside(path)
        os.replace(new, path)
        sync_folder(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    kept = f" What was there is kept as {aside}." if os.path.lexists(aside) else ""
    _logger.warning(
        as_line(
            f"The index of Dagster's event log, {path}, {damage}. It was made anew from the runs' "
            f"own files, {count:,} events in {time.monotonic() - began:.1f} s; nothing needs to be "
            f"downloaded again.{kept}"
        )
    )


def _begin_ids_after(index: Index, last_id: int) -> None:
    """Leaves an event of no type, as wiping leaves one where it had the highest id."""
    with index.index_connection() as connection:
        connection.execute(
            SqlEventLogStorageTable.insert().values(
                id=last_id, run_id="", event="", timestamp=datetime.fromtimestamp(0, timezone.utc)
            )
        )


def _replay(index: Index, events: Sequence[EventLogEntry]) -> None:
    """Stores the events, and does what their wipes did before they were recorded."""
    for is_wipe, group in groupby((row_of(event) for event in events), key=_is_wipe):
        rows = list(group)
        with index.index_connection() as connection:
            for row in rows if is_wipe else ():
                if row.event is not None:
                    _wipe(index, connection, row.event)
            index.insert_into_index(connection, rows)


def _is_wipe(row: EventRow) -> bool:
    return row.type == dg.DagsterEventType.ASSET_WIPED


def _wipe(index: Index, connection: db.Connection, event: EventLogEntry) -> None:
    data = event.get_dagster_event().event_specific_data
    if not isinstance(data, AssetWipedData):
        return
    if data.partition_keys is not None:
        index.wipe_asset_partitions(data.asset_key, data.partition_keys)
        return
    index.wipe_asset(data.asset_key)
    wiped_at = datetime.fromtimestamp(event.timestamp, timezone.utc)
    details = AssetDetails(last_wipe_timestamp=event.timestamp)
    connection.execute(
        AssetKeyTable.update()
        .where(AssetKeyTable.c.asset_key == data.asset_key.to_string())
        .values(wipe_timestamp=wiped_at, asset_details=serialize_value(details))
    )


def _run_files(folder: str) -> list[str]:
    """The files of runs; that of no run, which holds wipes, has no name before its suffix."""
    names = [*glob.glob("*.db", root_dir=folder), *glob.glob(".db", root_dir=folder)]
    return [os.path.join(folder, name) for name in names if name != f"{INDEX_SHARD_NAME}.db"]


def _events_in_order(paths: Sequence[str]) -> Iterator[list[EventLogEntry]]:
    """The events that belong into the index, oldest first, some at a time."""
    keys = sorted(key for path in paths for key in _keys(path))
    for path, group in groupby(keys, key=itemgetter(1)):
        ids = [event_id for _, _, event_id in group]
        for start in range(0, len(ids), _EVENTS_AT_ONCE):
            yield _read(path, ids[start : start + _EVENTS_AT_ONCE])


def _keys(path: str) -> list[tuple[str, str, int]]:
    """Time, file and id of each event of a file; none of a file that is damaged itself."""
    types = [each.value for each in MIRRORED]
    marks = ", ".join("?" * len(types))
    # Only question marks are put in, here and below.
    query = f"SELECT timestamp, id FROM event_logs WHERE dagster_event_type IN ({marks})"  # noqa: S608
    try:
        with closing(sqlite3.connect(path)) as connection:
            return [(when, path, event_id) for when, event_id in connection.execute(query, types)]
    except sqlite3.DatabaseError as error:
        _logger.warning(
            as_line(
                f"The events of the run in {path} cannot be read: {error}. Pages that it stored "
                f"are recorded again from their files by the next crawl."
            )
        )
        return []


def _read(path: str, ids: Sequence[int]) -> list[EventLogEntry]:
    marks = ", ".join("?" * len(ids))
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            f"SELECT event FROM event_logs WHERE id IN ({marks}) ORDER BY id",  # noqa: S608
            ids,
        ).fetchall()
    return [deserialize_value(text, EventLogEntry) for (text,) in rows]


def _last_id(path: str) -> int:
    """The highest id of a damaged index, as far as one can tell."""
    if not os.path.isfile(path):
        return 0
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("SELECT max(id) FROM event_logs").fetchone()[0]
    except sqlite3.DatabaseError:
        return 0
    return int(found or 0)


def _fold_in(path: str) -> None:
    """Leaves a database without anything beside it, so that it can be renamed."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Lets one process at a time look and replace; the others wait for it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
