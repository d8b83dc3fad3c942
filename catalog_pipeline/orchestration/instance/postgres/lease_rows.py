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

from catalog_pipeline.orchestration.instance.host_leases import LeaseHolder
from catalog_pipeline.orchestration.instance.postgres import lease_table as table
from catalog_pipeline.orchestration.instance.postgres.own_table import OwnTable
from catalog_pipeline.orchestration.instance.postgres.server import Server

_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '1s'"
_LOCK_NOT_AVAILABLE = "55P03"
_IDLE_TIMEOUT = "SET LOCAL idle_in_transaction_session_timeout = '3s'"
"""Whoever is stopped within a transaction does not keep the row from others."""


class LeaseRow(NamedTuple):
    """What the table says of a lease: who has it or had it last, the how manyeth holder that is,
    and how much it has recorded."""

    holder: LeaseHolder
    epoch: int
    serial: int


class LeaseRows:
    """The table of leases in one database, which is made when it is first needed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._table = OwnTable(server, table.NAME, "leases", table.TABLE)

    def take(self, name: str, holder: str, seconds: float, place: str = "") -> int | None:
        """Take a lease for so long: the epoch that begins; None if somebody has it.

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
        }
        try:
            with self._server.transaction() as connection:
                connection.exec_driver_sql(_LOCK_TIMEOUT)
                taken = connection.exec_driver_sql(table.TAKE, values).scalar()
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
            return None
        return None if taken is None else int(taken)

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
        for holder, host, pid, left, epoch, serial in self._ask(
            table.HOLDER, table.LEASE_SECONDS, name
        ):
            return LeaseRow(LeaseHolder(holder, host, pid, float(left)), epoch, serial)
        return None

    def forget_old_signs(self) -> None:
        """Remove what is left of runs that were not heard of for a day."""
        if self._table.is_there():
            with self._server.connection() as connection:
                connection.exec_driver_sql(table.FORGET)

    def _ask(self, statement: str, *values: Any) -> Sequence[Any]:
        with self._server.connection() as connection:
            return connection.exec_driver_sql(statement, values).fetchall()
