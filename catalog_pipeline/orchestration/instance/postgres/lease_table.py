"""The table of leases, in words of SQL alone: whoever reads it needs no Dagster.

A row for each thing that one process of one machine may do at a time. `epoch` counts its holders,
`serial` what its present holder has recorded. `place` tells the file that its holder has locked, if
it has: whoever has the same file locked now knows that the holder is no more. Else the server's
clock alone counts, and a server that was away has not let anybody be heard of meanwhile: nothing
that lasted then is over before it has been there for as long as a lease lasts.
"""

from __future__ import annotations

LEASE_SECONDS = 10
"""How long a lease lasts for whoever is not heard of."""

NAME = "catalog_pipeline_leases"
EXISTS = "SELECT to_regclass('catalog_pipeline_leases') IS NOT NULL"
TABLE = """
CREATE TABLE IF NOT EXISTS catalog_pipeline_leases (
    name text PRIMARY KEY, holder text NOT NULL, host text NOT NULL, pid integer NOT NULL,
    place text NOT NULL, epoch bigint NOT NULL, serial bigint NOT NULL, until timestamptz NOT NULL
)"""
TAKE = """
INSERT INTO catalog_pipeline_leases AS held (name, holder, host, pid, place, epoch, serial, until)
VALUES (%(name)s, %(holder)s, %(host)s, %(pid)s, %(place)s, 1, 0,
    clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET
    holder = excluded.holder, host = excluded.host, pid = excluded.pid, place = excluded.place,
    epoch = held.epoch + 1, serial = 0,
    until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE held.until = '-infinity' OR (held.place = excluded.place AND held.place <> '')
    OR clock_timestamp() > greatest(
        held.until, pg_postmaster_start_time() + make_interval(secs => %(least)s))
RETURNING epoch"""
RENEW = """
UPDATE catalog_pipeline_leases SET until = clock_timestamp() + make_interval(secs => %s)
WHERE name = %s AND epoch = %s RETURNING serial"""
PROVE = """
UPDATE catalog_pipeline_leases
SET serial = serial + 1, until = clock_timestamp() + make_interval(secs => %s)
WHERE name = %s AND epoch = %s RETURNING serial"""
RELEASE = "UPDATE catalog_pipeline_leases SET until = '-infinity' WHERE name = %s AND epoch = %s"
REMOVE = "DELETE FROM catalog_pipeline_leases WHERE name = %s AND epoch = %s"
HOLDER = """
SELECT holder, host, pid, CASE WHEN until = '-infinity' THEN -1 ELSE extract(epoch FROM greatest(
    until, pg_postmaster_start_time() + make_interval(secs => %s)) - clock_timestamp()) END,
    epoch, serial
FROM catalog_pipeline_leases WHERE name = %s"""
FORGET = """
DELETE FROM catalog_pipeline_leases
WHERE starts_with(name, 'run/') AND until < clock_timestamp() - interval '1 day'"""
