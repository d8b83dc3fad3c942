"""Making a SQLite file of Dagster's whole: under another name, then linked to its own.

No process ever sees half of one, and alembic's migrations, which Dagster's storages read to make a
file, are asked for nothing but the name of the last. Not here: what a file of which kind has
(`schema`, `run_storage`), and migrating one that is there (`dagster instance migrate`).
"""

import errno
import os
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from functools import cache

from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.sql import get_alembic_config
from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from catalog_pipeline.system.durable_files import sync_folder


def make_whole(path: str, settings: Sequence[str], statements: Sequence[str]) -> bool:
    """Makes the file if it is not there; False where hard links are not possible."""
    folder = os.path.dirname(path)
    new = os.path.join(folder, f".{os.path.basename(path)}.{uuid.uuid4().hex}")
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            for setting in (*settings, "journal_mode=WAL"):
                connection.execute(f"PRAGMA {setting}")
            connection.execute("BEGIN")
            for statement in statements:
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


def table_statements(tables: Iterable[Table]) -> list[str]:
    """What makes the tables, without their indexes."""
    return [str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in tables]


def index_statements(tables: Iterable[Table], without: Sequence[str] = ()) -> list[str]:
    """What makes the indexes of the tables."""
    indexes = [i for table in tables for i in table.indexes if i.name not in without]
    indexes.sort(key=lambda index: str(index.name))
    return [str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in indexes]


def version_statements(migrations: Iterable[str]) -> list[str]:
    """What says that the file is of this Dagster, and that these migrations of data are done."""
    return [
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
        # What is put in, here and below, are names in Dagster's own code.
        f"INSERT INTO alembic_version (version_num) VALUES ('{_version()}')",  # noqa: S608
        *(
            "INSERT INTO secondary_indexes (name, migration_completed) "  # noqa: S608
            f"VALUES ('{name}', CURRENT_TIMESTAMP)"
            for name in migrations
        ),
    ]


@cache
def _version() -> str | None:
    """That of all three storages: their files have one series of migrations."""
    alembic = ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__))
    return alembic.get_current_head()
