"""What is asked of the table of leases, and done to it, over an instance's connections.

Not here: the statements (`lease_table`), what a lease is for whoever holds it (`leases`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as db
from sqlalchemy.exc import OperationalError

from catalog_pipeline.orchestration.instance.lease_shares import (
    WHOLE,
    LeaseHolder,
    Share,
    pages_of_row,
)
from catalog_pipeline.orchestration.instance.postgres import lease_table as table
from catalog_pipeline.orchestration.instance.postgres.own_table import OwnTable
from catalog_pipeline.orchestration.instance.postgres.server import LOCK_NOT_AVAILABLE, Server

_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '1s'"
_IDLE_TIMEOUT = "SET LOCAL idle_in_transaction_session_timeout = '3s'"
"""Whoever is stopped within a transaction does not keep the row from others."""


class LeaseRow(NamedTuple):
    """What the table says of a lease: who has it or had it last, the how manyeth holder that is,
    and how much it has recorded."""

    holder: LeaseHolder
    epoch: int
    serial: int


class Taken(NamedTuple):
    """A row of the table, and the epoch of it that has begun."""

    row: str
    epoch: int


class LeaseRows:
    """The table of leases in one database, which is made when it is first needed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._table = OwnTable(server, table.NAME, "leases", table.TABLE)

    def take(
        self, name: str, holder: str, seconds: float, place: str = "", share: Share = WHOLE
    ) -> Taken | None:
        """Take a share of a lease for so long; None if somebody has it, or some of its pages.

        `place` tells a file that this process, and nobody else, has locked.

        Raises:
            StorageError: there is no table, and none can be made.
        """
        self._table.make()
        values = {
            "name": name,
            "holder": holder,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "place": place,
            "seconds": seconds,
            "least": table.LEASE_SECONDS,
            "pages": None if share.pages is None else sorted(map(str, share.pages)),
        }
        try:
            with self._server.transaction() as connection:
                connection.exec_driver_sql(f"{_LOCK_TIMEOUT}; {_IDLE_TIMEOUT}")
                return _taken(connection, values, share)
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            return None

    def renew(self, name: str, epoch: int, seconds: float) -> bool:
        """Let a lease last for so long from now; False if it is somebody else's."""
        return bool(self._ask(table.RENEW, seconds, name, epoch))

    def prove(self, connection: db.Connection, name: str, epoch: int, seconds: float) -> int | None:
        """Renew it in a transaction, until the end of which nobody else can take it.

        Returns its serial, which is one more; None if it is somebody else's.
        """
        statement = f"{_IDLE_TIMEOUT}; {table.PROVE}"
        serial = connection.exec_driver_sql(statement, (seconds, name, epoch)).scalar()
        return None if serial is None else int(serial)

    def release(self, name: str, epoch: int, *, remove: bool = False) -> None:
        """Let others have it at once, if it is still ours."""
        with self._server.connection() as connection:
            statement = table.REMOVE if remove else table.RELEASE
            connection.exec_driver_sql(statement, (name, epoch))

    def read(self, name: str) -> LeaseRow | None:
        """What there is of a lease; None if nobody ever had it."""
        if not self._table.is_there():
            return None
        for *holder, epoch, serial in self._ask_for_holders(table.HOLDER, name):
            return LeaseRow(LeaseHolder.of_row(holder), epoch, serial)
        return None

    def holders(self, name: str) -> list[LeaseHolder]:
        """Who has a lease, or pages of it, and who had and was not heard of since."""
        if not self._table.is_there():
            return []
        return LeaseHolder.of_rows(self._ask_for_holders(table.HOLDERS, name))

    def forget_old_signs(self) -> None:
        """Remove what is left of runs that were not heard of for a day."""
        if self._table.is_there():
            with self._server.connection() as connection:
                connection.exec_driver_sql(table.FORGET)

    def _ask_for_holders(self, statement: str, name: str) -> Sequence[Any]:
        return self._ask(statement, table.LEASE_SECONDS, table.LEASE_SECONDS, name)

    def _ask(self, statement: str, *values: Any) -> Sequence[Any]:
        return self._server.ask(statement, values)


def _taken(connection: db.Connection, values: dict[str, Any], share: Share) -> Taken | None:
    """Take a row that nobody has, unless the pages are somebody's, or no more may be at it.

    Whoever had some of the pages and was not heard of since has them no more.
    """
    name = values["name"]
    names = [name, *(f"{name}/{number}" for number in range(2, share.at_once + 1))]
    connection.exec_driver_sql(f"{table.MAKE}; {table.FIRST}", {"rows": names, "name": name})
    lost: list[str] = []
    free: list[str] = []
    held = 0
    for row, pages, is_free in connection.exec_driver_sql(table.LOCK, values):
        is_in_the_way = share.meets(pages_of_row(pages))
        if is_free:
            (lost if is_in_the_way else free).append(row)
            continue
        held += 1
        if is_in_the_way or held >= share.at_once:
            return None
    row = [*lost, *free][0]
    connection.exec_driver_sql(table.END, {**values, "rows": lost})
    epoch = connection.exec_driver_sql(table.TAKE, {**values, "row": row}).scalar_one()
    return Taken(row, int(epoch))
