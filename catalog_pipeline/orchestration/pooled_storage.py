"""The names by which a `dagster.yaml` of release 1.0 finds its classes; nothing else is here."""

from catalog_pipeline.orchestration.instance.sqlite.run_storage import (
    PooledSqliteRunStorage,
    PooledSqliteScheduleStorage,
)

__all__ = ["PooledSqliteRunStorage", "PooledSqliteScheduleStorage"]
