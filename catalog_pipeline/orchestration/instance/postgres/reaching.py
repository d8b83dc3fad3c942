"""Whether the PostgreSQL server of a home can be asked, and which one it is, without Dagster.

Not here: waiting for a server (`server`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn

from catalog_pipeline.orchestration.instance.postgres.address import address_of
from catalog_pipeline.orchestration.instance.postgres.others_tables import check_tables
from catalog_pipeline.orchestration.instance.postgres.rights import check_rights
from catalog_pipeline.orchestration.instance.unmoved import (
    MOVED_MARK,
    check_moved,
    check_not_gone_on,
)
from catalog_pipeline.orchestration.instance.unusable_server import (
    check_encoding,
    unusable_server,
)

_PATIENCE_SECONDS = 3
"""How long the server may take to let somebody in."""
_TABLE = "SELECT to_regclass('runs') IS NOT NULL"
HAS_PAST = (
    "SELECT EXISTS (SELECT 1 FROM runs) "  # noqa: S608 - a constant of ours
    f"OR EXISTS (SELECT 1 FROM kvs WHERE key = '{MOVED_MARK}')"
)
"""Whether a run is there, or a history was moved to it."""
_MOVED = f"SELECT value FROM kvs WHERE key = '{MOVED_MARK}'"  # noqa: S608 - likewise
_Ask = Callable[..., list[tuple[Any, ...]]]


def check_past(home: Path, config: Mapping[str, Any]) -> None:
    """Look whether the files of a home hold what the database lacks that its settings name.

    Raises:
        UsageError: they do.
        StorageError: the server cannot be reached, does not let us in, or does not answer; or the
            database cannot hold every text, has another program's tables, or may not be written.
    """
    with _asking(config) as ask:
        is_there = _has_past(ask)
        moved = ask(_MOVED) if is_there else []
    check_moved(home, lambda: is_there)
    for (mark,) in moved:
        told = json.loads(mark)
        check_not_gone_on(home, told["home"], told["at"])


def _has_past(ask: _Ask) -> bool:
    """Whether the database has a past; one without tables has none."""
    return ask(_TABLE) == [(True,)] and ask(HAS_PAST) == [(True,)]


@contextmanager
def _asking(config: Mapping[str, Any]) -> Iterator[_Ask]:
    """A database that can be used, as far as it is seen without writing."""
    try:
        address = address_of(config)
        with (
            closing(psycopg2.connect(address, connect_timeout=_PATIENCE_SECONDS)) as connection,
            connection.cursor() as cursor,
        ):

            def ask(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
                cursor.execute(query, values)
                return cursor.fetchall()

            ((encoding,),) = ask("SHOW server_encoding")
            check_encoding(str(encoding))
            check_tables(ask)
            check_rights(ask)
            yield ask
    except psycopg2.Error as error:
        raise unusable_server(error) from error


def place_of(config: Mapping[str, Any]) -> str:
    """User, server and database as a person reads them, without a password."""
    told = parse_dsn(address_of(config))
    host, port = told.get("host", "localhost"), told.get("port", "5432")
    return f"{told.get('user', '')}@{host}:{port}/{told.get('dbname', '')}"
