"""The pace of a site in PostgreSQL: one statement draws the next turn for whichever machine asks.

A row for each catalogue; the server's clock alone counts. What is lost with a server that crashes
is at most the last second's turns, and it gives none until these are over. Not here: when a turn is
drawn, and what becomes of one that was missed (`crawling.scheduling.shared_throttle`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog_pipeline.crawling.ports import (
    HORIZON_SECONDS,
    LONGEST_LATENESS_SECONDS,
    WAY_SECONDS,
    Draw,
    Wish,
)
from catalog_pipeline.orchestration.instance.postgres.own_table import OwnTable
from catalog_pipeline.orchestration.instance.postgres.server import Server
from catalog_pipeline.orchestration.instance.unusable_storage import storage_in_use

_NAME = "catalog_pipeline_paces"
_TABLE = {
    "name": "text",
    "next_at": "timestamptz NOT NULL",
    "rests_until": "timestamptz NOT NULL",
    "busy": "bigint[] NOT NULL DEFAULT '{}'",
    "first_at": "timestamptz",
    "is_given": "boolean",
}
_DRAW = """
SET LOCAL synchronous_commit = off;
INSERT INTO catalog_pipeline_paces (name, next_at, rests_until)
VALUES (%(name)s, clock_timestamp() + make_interval(secs => %(interval)s), '-infinity')
ON CONFLICT (name) DO NOTHING;
UPDATE catalog_pipeline_paces AS pace SET (next_at, busy, first_at, is_given) = (
    SELECT
        CASE WHEN is_near THEN first + make_interval(secs => %(interval)s * %(count)s)
            ELSE pace.next_at END,
        CASE WHEN is_near THEN busy || ARRAY(
            SELECT ((extract(epoch FROM first)
                + %(interval)s * number + %(unanswered)s) * 1000000)::bigint
            FROM generate_series(0, %(count)s - 1) AS number
        ) ELSE busy END,
        first,
        is_near
    FROM (
        SELECT busy, first, first <= now + make_interval(secs => %(horizon)s) AS is_near
        FROM (
            SELECT now, busy, greatest(
                pace.next_at, pace.rests_until, now,
                pg_postmaster_start_time() + make_interval(secs => %(silence)s),
                to_timestamp(busy[cardinality(busy) + %(count)s - %(most)s] / 1000000.0)
            ) AS first
            FROM (
                SELECT now, ARRAY(
                    SELECT least(until, ((
                        extract(epoch FROM now) + %(window)s
                        - (%(ago)s::numeric[])[array_position(%(answered)s::bigint[], until)]
                    ) * 1000000)::bigint) AS until
                    FROM unnest(pace.busy) AS until
                    WHERE until > extract(epoch FROM now) * 1000000
                        AND NOT until = ANY(%(unused)s::bigint[])
                    ORDER BY 1
                ) AS busy
                FROM (SELECT clock_timestamp() AS now OFFSET 0) AS clock
                OFFSET 0
            ) AS kept
        ) AS wanted
    ) AS found
) WHERE name = %(name)s
RETURNING extract(epoch FROM first_at - clock_timestamp()),
    CASE WHEN is_given THEN busy[cardinality(busy) - %(count)s + 1:] ELSE '{}' END"""
"""A turn is named by the microsecond until which it is in use if no answer comes to be known. Those
that are in use are in the row, so that all that draw a turn wait for each other."""
_REST = """
INSERT INTO catalog_pipeline_paces AS pace (name, next_at, rests_until)
VALUES (%(name)s, '-infinity', clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET rests_until = greatest(pace.rests_until, excluded.rests_until)"""
_RESTS = """
SELECT extract(epoch FROM rests_until - clock_timestamp()) FROM catalog_pipeline_paces
WHERE name = %(name)s AND rests_until > clock_timestamp()"""
_SILENCE_SECONDS = HORIZON_SECONDS + LONGEST_LATENESS_SECONDS + WAY_SECONDS + 1
"""How long after its start the server gives no turn: by then those that it forgot are over."""
_WHERE = "PostgreSQL"


class PostgresPace:
    """A `Pace` of the crawl for all machines that share a database."""

    def __init__(self, server: Server, name: str) -> None:
        self._server, self._name = server, name
        self._table = OwnTable(server, _NAME, "paces", _TABLE)

    def draw(self, wish: Wish) -> Draw:
        """Draw turns, if there are some soon.

        Raises:
            StorageError: the server cannot be asked.
        """
        values = {
            "name": self._name,
            "interval": wish.interval_seconds,
            "count": wish.count,
            "most": wish.most,
            "window": wish.window_seconds,
            "unanswered": wish.lateness_seconds + WAY_SECONDS + wish.window_seconds,
            "answered": list(wish.answered),
            "ago": list(wish.answered.values()),
            "unused": list(wish.unused),
            "horizon": HORIZON_SECONDS,
            "silence": _SILENCE_SECONDS,
        }
        seconds, turns = self._ask(_DRAW, values)[0]
        return Draw(float(seconds) - (0 if turns else HORIZON_SECONDS), turns)

    def rest(self, seconds: float) -> None:
        """Let nobody have a turn for so long.

        Raises:
            StorageError: the server cannot be told.
        """
        self._ask(_REST, {"name": self._name, "seconds": seconds})

    def rest_seconds(self) -> float:
        """For how long nobody has a turn.

        Raises:
            StorageError: the server cannot be asked.
        """
        found = self._ask(_RESTS, {"name": self._name})
        return float(found[0][0]) if found else 0.0

    def _ask(self, statement: str, values: dict[str, Any]) -> Sequence[Any]:
        with storage_in_use(_WHERE):
            self._table.make()
            return self._server.ask(statement, values)
