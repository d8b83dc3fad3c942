"""The storages of an instance one by one, for a `dagster.yaml` that has to name them so.

Dagster's chart for Kubernetes writes such a file. Each has its own connections; where the file is
one's own, `storage` names all three at once.
"""

from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
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


class _ByItself:
    """What is made of the settings of dagster-postgres, each with a server of its own."""

    tables: tuple[str, ...]
    """By which one sees that its tables are there."""
    _inst_data: ConfigurableClassData | None

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Any:
        url = for_driver(address_of(config_value))
        server = Server(url, get_token_provider_from_config(config_value))
        make_tables = config_value.get("should_autocreate_tables", True)
        with making_what_lacks(server, cls.tables, may_make=make_tables) as makes:
            made = cls(server, make_tables=makes)  # type: ignore[call-arg]
        made._inst_data = inst_data
        return made


class EventLog(_ByItself, BatchedPostgresEventLogStorage):
    """The event log alone."""

    tables = ("event_logs",)


class Runs(_ByItself, PooledPostgresRunStorage):
    """The runs alone."""

    tables = ("runs", "instance_info")


class Schedules(_ByItself, PooledPostgresScheduleStorage):
    """Schedules and sensors alone."""

    tables = ("instigators",)
