"""The pace of a site in PostgreSQL: one statement draws the next turn for whichever machine asks.

A row for each catalogue; the server's clock alone counts. What is lost with a server that crashes
is at most the last second's turns, after which it gives none for a second. Not here: when a turn is
drawn, and what becomes of one that was missed (`crawling.scheduling.shared_throttle`).
"""

from __future__ import annotations

from typing import Any

from catalog_pipeline.orchestration.instance.postgres.own_table import OwnTable
from catalog_pipeline.orchestration.instance.postgres.server import Server
from catalog_pipeline.orchestration.instance.unusable_storage import storage_in_use

_NAME = "catalog_pipeline_paces"
_TABLE = """
CREATE TABLE IF NOT EXISTS catalog_pipeline_paces (
    name text PRIMARY KEY, next_at timestamptz NOT NULL, rests_until timestamptz NOT NULL
)"""
_DRAW = """
SET LOCAL synchronous_commit = off;
INSERT INTO catalog_pipeline_paces AS pace (name, next_at, rests_until)
VALUES (%(name)s, greatest(clock_timestamp(), pg_postmaster_start_time() + interval '1 second')
    + make_interval(secs => %(interval)s * (%(count)s + 1)), '-infinity')
ON CONFLICT (name) DO UPDATE SET next_at = greatest(
    pace.next_at, pace.rests_until, clock_timestamp(),
    pg_postmaster_start_time() + interval '1 second'
) + make_interval(secs => %(interval)s * %(count)s)
RETURNING extract(epoch FROM next_at - clock_timestamp()) - %(interval)s * %(count)s"""
_REST = """
INSERT INTO catalog_pipeline_paces AS pace (name, next_at, rests_until)
VALUES (%(name)s, '-infinity', clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET rests_until = greatest(pace.rests_until, excluded.rests_until)"""
_RESTS = """
SELECT extract(epoch FROM rests_until - clock_timestamp()) FROM catalog_pipeline_paces
WHERE name = %(name)s AND rests_until > clock_timestamp()"""
_WHERE = "PostgreSQL"


class PostgresPace:
    """A `Pace` of the crawl for all machines that share a database."""

    def __init__(self, server: Server, name: str) -> None:
        self._server, self._name = server, name
        self._table = OwnTable(server, _NAME, "paces", _TABLE)

    def draw(self, interval_seconds: float, count: int) -> float:
        """Draw turns, an interval from each other: in how many seconds the first one is.

        Raises:
            StorageError: the server cannot be asked.
        """
        found = self._ask(_DRAW, name=self._name, interval=interval_seconds, count=count)
        return float(found)

    def rest(self, seconds: float) -> None:
        """Let nobody have a turn for so long.

        Raises:
            StorageError: the server cannot be told.
        """
        self._ask(_REST, name=self._name, seconds=seconds)

    def rest_seconds(self) -> float:
        """For how long nobody has a turn.

        Raises:
            StorageError: the server cannot be asked.
        """
        return float(self._ask(_RESTS, name=self._name) or 0.0)

    def _ask(self, statement: str, **values: Any) -> Any:
        with storage_in_use(_WHERE):
            self._table.make()
            with self._server.connection() as connection:
                result = connection.exec_driver_sql(statement, values)
                return result.scalar() if result.returns_rows else None
