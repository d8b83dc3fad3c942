"""All of a Dagster instance in one PostgreSQL database, as a `dagster.yaml` names it.

The settings are those of dagster-postgres, and so are the tables, so that the one can be put in the
other's place. Not here: the storages themselves (`event_log`, `run_storage`).
"""

from collections.abc import Mapping
from typing import Any

from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.config import pg_config
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres.utils import get_token_provider_from_config

from catalog_pipeline.orchestration.instance.postgres.address import address_of, for_driver
from catalog_pipeline.orchestration.instance.postgres.event_log import (
    BatchedPostgresEventLogStorage,
)
from catalog_pipeline.orchestration.instance.postgres.making import making_what_lacks
from catalog_pipeline.orchestration.instance.postgres.run_storage import (
    PooledPostgresRunStorage,
    PooledPostgresScheduleStorage,
)
from catalog_pipeline.orchestration.instance.postgres.server import Server

_TABLES = ("event_logs", "runs", "instance_info", "instigators")
"""By which one sees that the tables of all three storages are there."""


class PostgresStorage(DagsterStorage, ConfigurableClass):
    """Runs, events and schedules in one database, over connections that they share."""

    def __init__(
        self, server: Server, *, make_tables: bool, inst_data: ConfigurableClassData | None = None
    ) -> None:
        self._inst_data = inst_data
        with making_what_lacks(server, _TABLES, may_make=make_tables) as makes:
            self._run_storage = PooledPostgresRunStorage(server, make_tables=makes)
            self._event_log_storage = BatchedPostgresEventLogStorage(server, make_tables=makes)
            self._schedule_storage = PooledPostgresScheduleStorage(server, make_tables=makes)
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return pg_config()

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PostgresStorage":
        server = Server(
            for_driver(address_of(config_value)), get_token_provider_from_config(config_value)
        )
        make_tables = config_value.get("should_autocreate_tables", True)
        return cls(server, make_tables=make_tables, inst_data=inst_data)

    @property
    def event_log_storage(self) -> BatchedPostgresEventLogStorage:
        return self._event_log_storage

    @property
    def run_storage(self) -> PooledPostgresRunStorage:
        return self._run_storage

    @property
    def schedule_storage(self) -> PooledPostgresScheduleStorage:
        return self._schedule_storage
