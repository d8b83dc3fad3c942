"""The recorded past in the PostgreSQL database of this package's storages, without Dagster.

A server that cannot be reached is told by Dagster's instance. Not here: the questions
(`sql/table_history`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from catalog_pipeline.crawling.lock import CRAWL_LOCK
from catalog_pipeline.orchestration.instance.host_leases import lease_name
from catalog_pipeline.orchestration.instance.lease_shares import LeaseHolder
from catalog_pipeline.orchestration.instance.postgres.address import address_of
from catalog_pipeline.orchestration.instance.postgres.lease_table import (
    EXISTS,
    HOLDERS,
    LEASE_SECONDS,
)
from catalog_pipeline.orchestration.instance.sql.table_history import (
    KNOWN_VERSION,
    NotPlainError,
    TableHistory,
)


class ServerHistory(TableHistory):
    """The past in one database, at one moment."""

    latest_query = (
        "SELECT DISTINCT ON (partition) partition, id, run_id FROM event_logs WHERE asset_key = ? "
        "AND dagster_event_type = ? AND partition IS NOT NULL ORDER BY partition, id DESC"
    )

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self._connection = connection

    def ask_events(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query.replace("?", "%s"), parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def ask_runs(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.ask_events(query, *parameters)

    def crawlers(self, catalogue: str) -> Sequence[LeaseHolder]:
        if self.ask_events(EXISTS) != [(True,)]:
            return []
        found = self.ask_events(
            HOLDERS, LEASE_SECONDS, LEASE_SECONDS, lease_name(catalogue, CRAWL_LOCK)
        )
        return LeaseHolder.of_rows(found)


@contextmanager
def server_history(config: Mapping[str, Any]) -> Iterator[ServerHistory]:
    """The past that the database holds which the settings of the storage name.

    Raises:
        NotPlainError: it cannot be had so, or what is asked of it within the block is not plain.
    """
    if config.get("auth_provider"):
        raise NotPlainError("Dagster knows how to get a token")
    try:
        with closing(psycopg2.connect(address_of(config))) as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            history = ServerHistory(connection)
            if history.ask_events("SELECT version_num FROM alembic_version") != [(KNOWN_VERSION,)]:
                raise NotPlainError("the tables are of another version")
            yield history
    except (psycopg2.Error, LookupError) as error:
        raise NotPlainError(str(error)) from error
