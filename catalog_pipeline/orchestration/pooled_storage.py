"""The name by which a `dagster.yaml` of release 1.0 find their class; nothing else is here."""

from catalog_pipeline.orchestration.instance.sqlite.run_storage import (
    PooledSqliteRunStorage,
    PooledSqliteScheduleStorage,
)

__all__ = ["PooledSqliteRunStorage", "PooledSqliteScheduleStorage"]
