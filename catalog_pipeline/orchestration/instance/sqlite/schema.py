"""The tables of an event log file: made when the file is new, in one step.

Dagster's own storage asks alembic on every opening and makes the tables in place. Here a new file
is made whole under another name and then linked to its own, so that no process ever sees half of
one; an existing file is opened with one look at its version. Migrations stay with
`dagster instance migrate`. Not here: connections (`connections`) and events.
"""

import errno
import os
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cache

from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.migration import (
    ASSET_DATA_MIGRATIONS,
    EVENT_LOG_DATA_MIGRATIONS,
)
from dagster._core.storage.event_log.schema import (
    AssetEventTagsTable,
    SecondaryIndexMigrationTable,
    SqlEventLogStorageMetadata,
)
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.sql import get_alembic_config
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from catalog_pipeline.orchestration.instance.sqlite import packed_events
from catalog_pipeline.system.durable_files import sync_folder

_INDEX_PAGE_BYTES = 16384
"""Four times SQLite's own: of a smaller one a sixth stays empty where events of pages are."""
_RUN_PAGE_BYTES = 4096
"""Each table and index of a run's file takes a page at least; its events are packed."""
_NOT_ASKED = ("idx_step_key", "idx_events_by_run_id")
"""What the index is made without: runs and their steps are asked of the file of the run."""


def prepare_file(path: str, run_id: str | None = None) -> bool:
    """Makes the file with its tables unless it is there; False if Dagster's storage has to do it.

    It has to where hard links are not possible, and for a file it has begun itself. The file of a
    single run has its events packed (`packed_events`), of their indexes the one that is asked, and
    of the other tables two: nobody asks it for an asset. It has the tags of events, and leaves them
    empty, since Dagster deletes there what belongs to a run.
    """
    if not os.path.exists(path) and not _make_file(path, run_id):
        return False
    with closing(sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        try:
            return bool(connection.execute("SELECT version_num FROM alembic_version").fetchone())
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return False
            raise


def _make_file(path: str, run_id: str | None) -> bool:
    folder = os.path.dirname(path)
    new = os.path.join(folder, f".{os.path.basename(path)}.{uuid.uuid4().hex}")
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            page_bytes = _INDEX_PAGE_BYTES if run_id is None else _RUN_PAGE_BYTES
            connection.execute(f"PRAGMA page_size={page_bytes}")
            if run_id is None:
                # What is removed from it goes back to the file system by and by (`space`).
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN")
            for statement in _statements_of(run_id):
                connection.execute(statement)
            connection.execute("COMMIT")
        os.link(new, path)
    except FileExistsError:
        return True
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            return False
        raise
    finally:
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(new + suffix)
    sync_folder(folder)
    return True


def _statements_of(run_id: str | None) -> list[str]:
    """What makes the index, or the file of a run, of which Dagster asks for the events alone."""
    if run_id is None:
        tables = SqlEventLogStorageMetadata.sorted_tables
        return [*_tables(tables), *_indexes(tables), *_versions()]
    asked = [SecondaryIndexMigrationTable, AssetEventTagsTable]
    return [*_tables(asked), *_versions(), *packed_events.statements(run_id)]


@cache
def _versions() -> list[str]:
    """The version, and that no data awaits a migration."""
    alembic = ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__))
    made = [
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
        # What is put in, here and below, are names in Dagster's own code.
        f"INSERT INTO alembic_version (version_num) VALUES ('{alembic.get_current_head()}')",  # noqa: S608
    ]
    made += [
        "INSERT INTO secondary_indexes (name, migration_completed) "  # noqa: S608
        f"VALUES ('{name}', CURRENT_TIMESTAMP)"
        for name in [*EVENT_LOG_DATA_MIGRATIONS, *ASSET_DATA_MIGRATIONS]
    ]
    return made


def _tables(tables: Sequence[Table]) -> list[str]:
    return [str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in tables]


def _indexes(tables: Sequence[Table]) -> list[str]:
    indexes = [i for table in tables for i in table.indexes if i.name not in _NOT_ASKED]
    indexes.sort(key=lambda index: str(index.name))
    return [str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in indexes]
