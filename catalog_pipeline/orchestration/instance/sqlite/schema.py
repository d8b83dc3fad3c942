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
    SqlEventLogStorageMetadata,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.sql import get_alembic_config
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from catalog_pipeline.orchestration.instance.sqlite import packed_events
from catalog_pipeline.system.durable_files import sync_folder

_PAGE_BYTES = 8192
"""Twice SQLite's own: of a smaller one a third stays empty where events of failed pages are."""
_INDEX_OF_STEPS = "idx_step_key"
"""What the index is made without: steps are asked of the file of a run."""


def prepare_file(path: str, run_id: str | None = None) -> bool:
    """Makes the file with its tables unless it is there; False if Dagster's storage has to do it.

    It has to where hard links are not possible, and for a file it has begun itself. The file of a
    single run has its events packed (`packed_events`), and of their indexes the one that is asked:
    nobody asks it for an asset.
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
            connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN")
            for statement in _schema():
                connection.execute(statement)
            for statement in (
                _index_events() if run_id is None else packed_events.statements(run_id)
            ):
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
def _schema() -> list[str]:
    """Tables and indexes of all but events, the version, and that no data awaits a migration."""
    tables = [
        t for t in SqlEventLogStorageMetadata.sorted_tables if t is not SqlEventLogStorageTable
    ]
    made = _statements(tables)
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


@cache
def _index_events() -> list[str]:
    """Events as Dagster has them."""
    return _statements([SqlEventLogStorageTable])


def _statements(tables: Sequence[Table]) -> list[str]:
    dialect = sqlite.dialect()
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
    indexes = [i for table in tables for i in table.indexes if i.name != _INDEX_OF_STEPS]
    indexes.sort(key=lambda index: str(index.name))
    return made + [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
