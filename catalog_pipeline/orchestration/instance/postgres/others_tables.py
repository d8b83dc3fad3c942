"""Whether a database has tables under Dagster's names that another program has made.

Dagster goes by the names alone: it takes such a table for its own, makes the others beside it, and
fails at the first question to a column that is not there. Not here: making tables (`making`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.sql.table_history import KNOWN_VERSION

KEY_COLUMNS = {
    "runs": ("run_id", "run_body"),
    "event_logs": ("run_id", "event"),
    "instigators": ("selector_id", "instigator_body"),
    "jobs": ("job_origin_id", "job_body"),
    "asset_check_executions": ("asset_key", "check_name"),
    "asset_daemon_asset_evaluations": ("asset_key", "evaluation_id"),
    "asset_event_tags": ("event_id", "asset_key"),
    "asset_keys": ("asset_key",),
    "backfill_tags": ("backfill_id", "key"),
    "bulk_actions": ("key", "status", "body"),
    "concurrency_limits": ("concurrency_key",),
    "concurrency_slots": ("concurrency_key",),
    "daemon_heartbeats": ("daemon_type",),
    "dynamic_partitions": ("partitions_def_name", "partition"),
    "instance_info": ("run_storage_id",),
    "job_ticks": ("job_origin_id", "tick_body"),
    "kvs": ("key", "value"),
    "pending_steps": ("concurrency_key",),
    "run_tags": ("run_id", "key", "value"),
    "secondary_indexes": ("name", "migration_completed"),
    "snapshots": ("snapshot_id", "snapshot_body"),
}
"""Of each table of Dagster's the columns that it has had in all releases."""
_FIRST = ("runs", "event_logs", "instigators", "jobs")
"""One of them is there if anything of Dagster's is: what belongs to one is made with it at once."""
_VERSION = "alembic_version"

# All of it as one moment has it: what somebody else is making is there as a whole, or not at all.
_COLUMNS = """
SELECT relname::text, ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped)
FROM pg_class WHERE relname = ANY(%s) AND relkind IN ('r', 'p', 'v', 'm', 'f')
AND pg_table_is_visible(oid) ORDER BY relname"""


def check_tables(ask: Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]) -> None:
    """Look whether the tables under Dagster's names are Dagster's; `ask` gives the rows of a query.

    Raises:
        StorageError: they are another program's.
    """
    found = {name: set(columns) for name, columns in ask(_COLUMNS, ([*KEY_COLUMNS, _VERSION],))}
    others = [
        name for name, columns in found.items() if not columns.issuperset(KEY_COLUMNS.get(name, ()))
    ]
    if not others and not found.keys() & set(_FIRST):
        others = [name for name in found if name != _VERSION or _is_of_another(ask)]
    if others:
        ((database,),) = ask("SELECT current_database()", ())
        are = "a table" if len(others) == 1 else "tables"
        raise StorageError(
            f"The database {database} has {are} of another program under a name that Dagster "
            f"needs: {', '.join(others)}. Nothing was made or changed in it. Give Dagster a "
            f"database of its own (createdb NAME), and name that in dagster.yaml or its variables."
        )


def _is_of_another(ask: Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]) -> bool:
    """Whether the versions that a database tells are those of tables that Dagster does not have."""
    return any(row != KNOWN_VERSION for (row,) in ask(f"SELECT version_num FROM {_VERSION}", ()))  # noqa: S608
