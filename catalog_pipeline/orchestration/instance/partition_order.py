"""The order of dynamic partitions: that of their arrival, which Dagster's ranges follow.

Private parts of Dagster: its public ways know no order, and would lose a partition if they were
killed between taking it away and adding it anew. `test_partition_order` fails if they change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import DynamicPartitionsTable

_AT_ONCE = 300


def sort_partitions(instance: dg.DagsterInstance, name: str, by: Callable[[str], Any]) -> None:
    """Put the partitions of that name in order, all at once or not at all.

    Where the event log is not kept in SQL they stay as they are.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return
    table = DynamicPartitionsTable
    of_name = table.c.partitions_def_name == name
    with storage.index_transaction() as connection:
        # Nobody adds or removes one between the look and the change: SQLite has one writer.
        if connection.dialect.name == "postgresql":
            connection.execute(db.text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))
        connection.execute(db.delete(table).where(of_name, table.c.partition == ""))
        query = db.select(table.c.partition).where(of_name).order_by(table.c.id)
        there = [row[0] for row in connection.execute(query)]
        wanted = sorted(there, key=by)
        if wanted == there:
            return
        connection.execute(db.delete(table).where(of_name))
        rows = [{"partitions_def_name": name, "partition": key} for key in wanted]
        for start in range(0, len(rows), _AT_ONCE):
            connection.execute(db.insert(table), rows[start : start + _AT_ONCE])
