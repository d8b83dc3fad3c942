"""The table of leases, in words of SQL alone: whoever reads it needs no Dagster.

A row for each thing that one process of one machine may do at a time; where several may, each with
pages of its own, a row for each of them, named after the first (`shop/crawl`, `shop/crawl/2`).
`epoch` counts its holders, `serial` what its present holder has recorded, `pages` are those that he
has, or null for all. `place` tells the file that its holder has locked, if it has: whoever has the
same file locked now knows that the holder is no more. Else the server's clock alone counts, and a
server that was away has not let anybody be heard of meanwhile: nothing that lasted then is over
before it has been there for as long as a lease lasts.
"""

from __future__ import annotations

LEASE_SECONDS = 10
"""How long a lease lasts for whoever is not heard of."""

NAME = "catalog_pipeline_leases"
TABLE = {
    "name": "text",
    "holder": "text NOT NULL",
    "host": "text NOT NULL",
    "pid": "integer NOT NULL",
    "place": "text NOT NULL",
    "epoch": "bigint NOT NULL",
    "serial": "bigint NOT NULL",
    "until": "timestamptz NOT NULL",
    "pages": "text[]",
}
EXISTS = """
SELECT count(*) > 0 FROM pg_attribute
WHERE attrelid = to_regclass('catalog_pipeline_leases') AND attname = 'pages'"""
MAKE = """
INSERT INTO catalog_pipeline_leases (name, holder, host, pid, place, epoch, serial, until)
SELECT unnest(%(rows)s), '', '', 0, '', 0, 0, '-infinity' ON CONFLICT (name) DO NOTHING"""
FIRST = "SELECT FROM catalog_pipeline_leases WHERE name = %(name)s FOR UPDATE"
"""Those that take a row do so in turn: only what is asked after this sees the rows that others have
made and taken before."""
LOCK = """
SELECT name, pages, until = '-infinity'
    OR (place = %(place)s AND place <> '') OR clock_timestamp() > greatest(
        until, pg_postmaster_start_time() + make_interval(secs => %(least)s))
FROM catalog_pipeline_leases WHERE starts_with(name || '/', %(name)s || '/')
ORDER BY name FOR UPDATE"""
"""Whoever takes one of the rows keeps the others from it meanwhile, and their holders from being
heard of."""
END = """
UPDATE catalog_pipeline_leases SET
    holder = %(holder)s, host = %(host)s, pid = %(pid)s, place = '', pages = NULL,
    epoch = epoch + 1, serial = 0, until = '-infinity'
WHERE name = ANY(%(rows)s)"""
TAKE = """
UPDATE catalog_pipeline_leases SET
    holder = %(holder)s, host = %(host)s, pid = %(pid)s, place = %(place)s,
    pages = %(pages)s::text[], epoch = epoch + 1, serial = 0,
    until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE name = %(row)s RETURNING epoch"""
RENEW = """
UPDATE catalog_pipeline_leases SET until = clock_timestamp() + make_interval(secs => %s)
WHERE name = %s AND epoch = %s RETURNING serial"""
PROVE = """
UPDATE catalog_pipeline_leases
SET serial = serial + 1, until = clock_timestamp() + make_interval(secs => %s)
WHERE name = %s AND epoch = %s RETURNING serial"""
RELEASE = "UPDATE catalog_pipeline_leases SET until = '-infinity' WHERE name = %s AND epoch = %s"
REMOVE = "DELETE FROM catalog_pipeline_leases WHERE name = %s AND epoch = %s"
_HOLDERS = """
SELECT holder, host, pid, CASE WHEN until = '-infinity' THEN -1 ELSE extract(epoch FROM greatest(
    until, pg_postmaster_start_time() + make_interval(secs => %s)) - clock_timestamp()) END,
    pages, CASE WHEN until <> '-infinity' AND until < clock_timestamp()
        THEN until - make_interval(secs => %s) END, epoch, serial
FROM catalog_pipeline_leases WHERE """
HOLDER = f"{_HOLDERS} name = %s"
HOLDERS = f"{_HOLDERS} starts_with(name || '/', %s || '/') AND until <> '-infinity' ORDER BY name"
FORGET = """
DELETE FROM catalog_pipeline_leases
WHERE starts_with(name, 'run/') AND until < clock_timestamp() - interval '1 day'"""
