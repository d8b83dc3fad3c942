"""The history of a home in SQLite files, put into an empty PostgreSQL database in one transaction.

What is recorded keeps its ids, so that all that speaks of them stays true: cursors of the daemon
and of sensors, tags of events, verdicts of checks, backfills. The logs of runs hold what the index
does not, as the beginnings of steps, under ids that are their own: here these come after all
others, in their order. What the index has forgotten, or never learnt, is in the log of its run
alone, and found by no asset. Not here: reading the files (`sqlite/whole_home`), words (`cli`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone

import sqlalchemy as db
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.runs.schema import KeyValueStoreTable, RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata

from catalog_pipeline.errors import StorageError, UsageError
from catalog_pipeline.orchestration.instance.moved import Moved
from catalog_pipeline.orchestration.instance.postgres.copying import copy_rows, told_in_parts
from catalog_pipeline.orchestration.instance.postgres.server import LOCK_NOT_AVAILABLE, Server
from catalog_pipeline.orchestration.instance.sql.event_rows import MIRRORED
from catalog_pipeline.orchestration.instance.sqlite.whole_home import (
    INDEX,
    LOG_COLUMNS,
    RUNS,
    SCHEDULES,
    LogRow,
    WholeHome,
)
from catalog_pipeline.orchestration.instance.unmoved import MOVED_MARK

_EVENTS = "event_logs"
_IS_THERE = "dagster_event_type IS NOT NULL"
"""Not so of events that were emptied to keep an id."""
_METADATA = {
    RUNS: RunStorageSqlMetadata,
    INDEX: SqlEventLogStorageMetadata,
    SCHEDULES: ScheduleStorageSqlMetadata,
}
_STAYS = ("secondary_indexes", "instance_info", "daemon_heartbeats")
"""What each instance has of its own: the next daemon is another one."""
_NEEDLESS = ("asset_daemon_asset_evaluations", "concurrency_limits", "kvs", "snapshots")
"""Tables that an instance may have filled by itself without anybody having used it."""
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '30s'"
_MIRRORED = {each.value for each in MIRRORED}


def what_was_moved(server: Server) -> Moved | None:
    """What was moved into the database before, and is there."""
    value = KeyValueStoreTable.c.value
    with server.connection() as connection:
        query = db.select(value).where(KeyValueStoreTable.c.key == MOVED_MARK)
        found = connection.execute(query).scalar()
    return Moved(**json.loads(found)) if found is not None else None


def move(server: Server, source: WholeHome, on_events: Callable[[int, int], None]) -> Moved:
    """Put all that a home holds into a database that holds nothing: all of it, or nothing.

    `on_events` gets how many events have been looked at, and how many there are.

    Raises:
        UsageError: the database holds something, or the files are not up to date.
        StorageError: somebody else uses the database, it does not take what is put into it, or a
            file cannot be read.
    """
    with server.transaction() as connection:
        _take_alone(connection)
        _check_migrations(connection, source)
        progress = _Progress(on_events, _all_events(source))
        counts = {
            table.name: _copy(connection, source, database, table)
            for database, metadata in _METADATA.items()
            for table in metadata.sorted_tables
            if table.name not in (*_STAYS, _EVENTS)
        }
        counts[_EVENTS] = _copy_index(connection, source, progress)
        connection.exec_driver_sql("ANALYZE event_logs")
        counts[_EVENTS] += _copy_logs(connection, source, progress)
        _let_ids_go_on(connection, source)
        moved = Moved(str(source.home), datetime.now(timezone.utc).isoformat(), counts)
        mark = {"key": MOVED_MARK, "value": json.dumps(vars(moved))}
        connection.execute(KeyValueStoreTable.insert().values(mark))
        connection.exec_driver_sql("ANALYZE")
    return moved


class _Progress:
    def __init__(self, on_events: Callable[[int, int], None], total: int) -> None:
        self._on_events = on_events
        self._done, self._total = 0, total

    def add(self, events: int) -> None:
        self._done += events
        self._on_events(self._done, self._total)


def _all_events(source: WholeHome) -> int:
    of_index = source.count(INDEX, _EVENTS, _IS_THERE)
    return of_index + sum(map(source.count_log, source.logs()))


def _take_alone(connection: db.Connection) -> None:
    """Keep others from writing until the end, and look whether they have."""
    tables = [
        table.name
        for metadata in _METADATA.values()
        for table in metadata.sorted_tables
        if table.name not in (*_STAYS, *_NEEDLESS)
    ]
    try:
        connection.exec_driver_sql(_LOCK_TIMEOUT)
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
    except db.exc.OperationalError as error:
        if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        raise StorageError(
            "Somebody else writes to the database. End all that uses it, and start again; nothing "
            "has been moved."
        ) from error
    for table in tables:
        # The name of a table of Dagster's, here and below.
        query = f'SELECT EXISTS (SELECT 1 FROM "{table}")'  # noqa: S608
        if connection.exec_driver_sql(query).scalar():
            raise UsageError(
                f"The database holds a history already (its table {table} is not empty), and two "
                f"cannot be made one. Name an empty database; nothing has been moved."
            )
    for table in _NEEDLESS:
        connection.exec_driver_sql(f'DELETE FROM "{table}"')  # noqa: S608


def _check_migrations(connection: db.Connection, source: WholeHome) -> None:
    query = "SELECT name FROM secondary_indexes WHERE migration_completed IS NOT NULL"
    wanted = {name for (name,) in connection.exec_driver_sql(query)}
    lacking = wanted - source.finished_migrations()
    if lacking:
        raise UsageError(
            f"The files in {source.home} are not up to date: {', '.join(sorted(lacking))}. Run "
            f"`dagster instance migrate` with DAGSTER_HOME={source.home} first."
        )


def _copy(connection: db.Connection, source: WholeHome, database: str, table: db.Table) -> int:
    columns = [column.name for column in table.columns]
    rows = source.rows(database, table.name, columns)
    return copy_rows(connection, table.name, columns, rows, lambda _: None)


def _copy_index(connection: db.Connection, source: WholeHome, progress: _Progress) -> int:
    """The events of the index but for those that were emptied to keep an id."""
    columns = ["id", *LOG_COLUMNS, "partition"]
    rows = source.rows(INDEX, _EVENTS, columns, _IS_THERE)
    return copy_rows(connection, _EVENTS, columns, rows, progress.add)


def _copy_logs(connection: db.Connection, source: WholeHome, progress: _Progress) -> int:
    last_id = source.last_id(INDEX, _EVENTS)
    added = 0
    for run_id in source.logs():
        known = _known_of(connection, run_id)
        left = _left_out(told_in_parts(source.log(run_id), progress.add), known)
        numbered = ((last_id + number, *row) for number, row in enumerate(left, start=added + 1))
        columns = ["id", *LOG_COLUMNS, "partition"]
        added += copy_rows(connection, _EVENTS, columns, numbered, lambda _: None)
    return added


def _known_of(connection: db.Connection, run_id: str) -> Counter[int]:
    """How often the index has which events of a run; a number is all that is kept of each."""
    query = (
        "SELECT dagster_event_type, to_char(timestamp, 'YYYY-MM-DD HH24:MI:SS.US'), step_key, "
        'asset_key, "partition" FROM event_logs WHERE run_id = %s'
    )
    return Counter(hash(tuple(row)) for row in connection.exec_driver_sql(query, (run_id,)))


def _left_out(rows: Iterable[LogRow], known: Counter[int]) -> Iterator[LogRow]:
    """The events of a log that the index does not have, as an event log in one table keeps them.

    What assets are asked for was once in the index, or was to be: it must not come back.
    """
    for run_id, text, kind, timestamp, step_key, asset_key, partition in rows:
        key = hash((kind, timestamp, step_key, asset_key, partition))
        if known[key] > 0:
            known[key] -= 1
            continue
        is_hidden = kind in _MIRRORED
        of_asset = (None, None) if is_hidden else (asset_key, partition)
        yield (run_id, text, kind, timestamp, step_key, *of_asset)


def _let_ids_go_on(connection: db.Connection, source: WholeHome) -> None:
    """Let the ids of each table begin after all that were ever given that anybody knows."""
    for database, metadata in _METADATA.items():
        for table in metadata.sorted_tables:
            if table.name in _STAYS:
                continue
            least = source.last_id(database, table.name)
            query = (
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608
                f'greatest(max(id), %s, 1)) FROM "{table.name}"'
            )
            connection.exec_driver_sql(query, (least,))
