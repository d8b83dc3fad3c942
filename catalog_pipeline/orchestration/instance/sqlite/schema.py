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
from contextlib import closing, suppress
from functools import cache

from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.migration import (
    ASSET_DATA_MIGRATIONS,
    EVENT_LOG_DATA_MIGRATIONS,
)
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.sql import get_alembic_config
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from catalog_pipeline.system.durable_files import sync_folder

INDEXES_OF_ALL_RUNS = frozenset(
    {"idx_events_by_asset", "idx_events_by_asset_partition", "idx_events_by_run_id", "idx_step_key"}
)
"""What the file of a single run is made without: nobody asks it for an asset, all its events are
of one run, and they would take up a quarter of what a page that fails costs there."""


def prepare_file(path: str, *, is_of_one_run: bool = False) -> bool:
    """Makes the file with its tables unless it is there; False if Dagster's storage has to do it.

    It has to where hard links are not possible, and for a file it has begun itself.
    """
    if not os.path.exists(path) and not _make_file(path, is_of_one_run):
        return False
    with closing(sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        try:
            return bool(connection.execute("SELECT version_num FROM alembic_version").fetchone())
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return False
            raise


def _make_file(path: str, is_of_one_run: bool) -> bool:
    folder = os.path.dirname(path)
    new = os.path.join(folder, f".{os.path.basename(path)}.{uuid.uuid4().hex}")
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN")
            for statement in _schema(is_of_one_run):
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


@cache
def _schema(is_of_one_run: bool) -> list[str]:
    """Tables, indexes, the version, and the marks that no old data awaits a migration."""
    dialect = sqlite.dialect()
    tables = SqlEventLogStorageMetadata.sorted_tables
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
    needless = INDEXES_OF_ALL_RUNS if is_of_one_run else frozenset()
    indexes = sorted(
        (i for table in tables for i in table.indexes if i.name not in needless),
        key=lambda i: str(i.name),
    )
    made += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    alembic = ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__))
    made += [
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
