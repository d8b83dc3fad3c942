"""The name by which a `dagster.yaml` of release 1.0 finds its class; nothing else is here."""

from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage

__all__ = ["BatchedSqliteEventLogStorage"]
