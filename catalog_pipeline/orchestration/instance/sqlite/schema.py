"""The tables of an event log file: made when the file is new, in one step.

Dagster's own storage asks alembic on every opening and makes the tables in place. Here a new file
is made whole, and an existing one is opened with one look at its version. Migrations stay with
`dagster instance migrate`. Not here: how a file is made whole (`new_file`), connections
(`connections`) and events.
"""

import os
import sqlite3
from contextlib import closing

from dagster._core.storage.event_log.migration import (
    ASSET_DATA_MIGRATIONS,
    EVENT_LOG_DATA_MIGRATIONS,
)
from dagster._core.storage.event_log.schema import (
    AssetEventTagsTable,
    SecondaryIndexMigrationTable,
    SqlEventLogStorageMetadata,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

from catalog_pipeline.orchestration.instance.sqlite import packed_events
from catalog_pipeline.orchestration.instance.sqlite.new_file import (
    index_statements,
    make_whole,
    table_statements,
    version_statements,
)

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
    if run_id is not None:
        return make_whole(path, [f"page_size={_RUN_PAGE_BYTES}"], _statements_of(run_id))
    # What is removed from the index goes back to the file system by and by (`space`).
    settings = [f"page_size={_INDEX_PAGE_BYTES}", "auto_vacuum=INCREMENTAL"]
    return make_whole(path, settings, _statements_of(None))


def _statements_of(run_id: str | None) -> list[str]:
    """What makes the index, or the file of a run, of which Dagster asks for the events alone."""
    versions = version_statements([*EVENT_LOG_DATA_MIGRATIONS, *ASSET_DATA_MIGRATIONS])
    if run_id is None:
        tables = SqlEventLogStorageMetadata.sorted_tables
        return [*table_statements(tables), *index_statements(tables, _NOT_ASKED), *versions]
    asked = [SecondaryIndexMigrationTable, AssetEventTagsTable]
    return [*table_statements(asked), *versions, *packed_events.statements(run_id)]
