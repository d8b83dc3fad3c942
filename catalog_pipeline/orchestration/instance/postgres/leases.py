"""Leases in PostgreSQL: who may crawl, build or execute, among all machines that share a database.

A lease lasts for seconds by the server's clock and is renewed by a thread. A process that was
stopped, or a machine that was cut off, finds by its own clock that it may not go on asking, and
whatever it records carries the proof that nobody has taken over, in the same transaction. Not here:
the table (`lease_rows`), who waits for what (`host_leases`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import sqlalchemy as db
from sqlalchemy.exc import SQLAlchemyError

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.errors import LeaseLostError, StorageError
from catalog_pipeline.orchestration.instance.lease_shares import WHOLE, LeaseHolder, Share
from catalog_pipeline.orchestration.instance.postgres.lease_rows import LeaseRow, LeaseRows, Taken
from catalog_pipeline.orchestration.instance.postgres.lease_table import LEASE_SECONDS
from catalog_pipeline.orchestration.instance.postgres.server import Server
from catalog_pipeline.orchestration.instance.unusable_storage import storage_in_use
from catalog_pipeline.system.clock import seconds_since_boot
from catalog_pipeline.system.processes import boot_mark

RENEWED_EVERY_SECONDS = 3.0
SIGN_SECONDS = 30.0
"""How long a run counts as alive that is not heard of: it is no light matter to fail it."""
_MARGIN_SECONDS = 1.0
"""How long before its lease is over a machine stops asking: a request takes its time."""
_WHERE = "PostgreSQL"


class _Renewed:
    """An epoch of a lease that this process has, renewed by a thread until it is let go of."""

    def __init__(self, rows: LeaseRows, taken: Taken, began_at: float, seconds: float) -> None:
        self.row, self.epoch = taken
        self._seconds = seconds
        self._rows = rows
        self.until = began_at + seconds
        """When it is over at the earliest, in `seconds_since_boot`."""
        self.is_lost = False
        self._has_ended = threading.Event()
        self._turn = threading.Lock()
        threading.Thread(target=self._keep, name=f"lease of {self.row}", daemon=True).start()

    def renew(self) -> None:
        """Let it last from now on, unless it is lost."""
        with self._turn:
            if self._has_ended.is_set() or self.is_lost:
                return
            sent_at = seconds_since_boot()
            if self._rows.renew(self.row, self.epoch, self._seconds):
                self.until = sent_at + self._seconds
            else:
                self.is_lost = True

    def release(self, *, remove: bool = False) -> None:
        """Let go of it; where the server cannot be told, it is over by itself."""
        self._has_ended.set()
        with self._turn, suppress(SQLAlchemyError):
            self._rows.release(self.row, self.epoch, remove=remove)

    def _keep(self) -> None:
        while not self._has_ended.wait(RENEWED_EVERY_SECONDS) and not self.is_lost:
            # Whoever needs it finds out that the server is away.
            with suppress(SQLAlchemyError):
                self.renew()


class PostgresLease:
    """A lease that this process holds; a `Lease` of the crawl, beside the `lock` of its machine."""

    def __init__(
        self,
        server: Server,
        rows: LeaseRows,
        renewed: _Renewed,
        lock: Lease,
        pages: frozenset[PageKey] | None,
    ) -> None:
        self._server, self._rows, self._lock = server, rows, lock
        self._renewed = renewed
        self.pages = pages

    @property
    def descriptors(self) -> Sequence[int]:
        """Those of the lock."""
        return self._lock.descriptors

    def name_workers(self, pids: Sequence[int]) -> None:
        """Say in the lock which workers share it."""
        self._lock.name_workers(pids)

    @property
    def asks_until(self) -> float:
        """A moment before it would be over."""
        return self._renewed.until - _MARGIN_SECONDS

    def check(self) -> None:
        """Look at the clock; ask the server only if it may be over.

        Raises:
            LeaseLostError: somebody else has taken over.
            StorageError: the server cannot be asked.
        """
        if seconds_since_boot() >= self.asks_until:
            with storage_in_use(_WHERE):
                self._renewed.renew()
        if self._renewed.is_lost:
            raise self._lost(self._row())

    def record(self, act: Callable[[], None]) -> None:
        """Do it in a transaction that begins with the proof that the lease is held.

        Where the server is lost it is done again, once that is back and unless somebody has taken
        over. What becomes of a transaction whose end was not heard of tells the serial.

        Raises:
            LeaseLostError: somebody else has taken over.
            StorageError: it cannot be recorded.
        """

        def prove_and_act(connection: db.Connection) -> int:
            serial = self._proof(connection)
            act()
            return serial

        with storage_in_use(_WHERE):
            self._server.transact(prove_and_act, lambda connection, serial: self._is_in(serial))

    def _is_in(self, serial: int) -> bool:
        row = self._row()
        if row is None or row.epoch != self._renewed.epoch:
            raise self._lost(row)
        return row.serial >= serial

    def release(self) -> None:
        """Let others have it, if it is still held."""
        self._renewed.release()

    def _proof(self, connection: db.Connection) -> int:
        renewed = self._renewed
        serial = self._rows.prove(connection, renewed.row, renewed.epoch, LEASE_SECONDS)
        if serial is None:
            renewed.is_lost = True
            raise self._lost(self._row())
        return serial

    def _row(self) -> LeaseRow | None:
        with storage_in_use(_WHERE):
            return self._rows.read(self._renewed.row)

    def _lost(self, row: LeaseRow | None) -> LeaseLostError:
        self._renewed.is_lost = True
        taken_by = row.holder.told if row is not None else ""
        error = LeaseLostError(
            f"{self._renewed.row}: this machine was not heard of for too long, and "
            f"{taken_by or 'somebody'} has taken over; nothing is recorded from here any more."
        )
        error.taken_by = taken_by
        return error


class PostgresLeases:
    """The leases of one database."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._rows = LeaseRows(server)

    def try_take(
        self, name: str, holder: str, lock: Lease, share: Share = WHOLE
    ) -> PostgresLease | None:
        """Take a lease, or pages of it, beside the lock of this machine; None if somebody has
        them."""
        with storage_in_use(_WHERE):
            renewed = self._take(name, holder, LEASE_SECONDS, _place_of(lock), share)
        if renewed is None:
            return None
        return PostgresLease(self._server, self._rows, renewed, lock, share.pages)

    def holders_of(self, name: str) -> list[LeaseHolder]:
        """Who has a lease now, or pages of it."""
        return [holder for holder in self.known_holders_of(name) if holder.has_it]

    def known_holders_of(self, name: str) -> list[LeaseHolder]:
        """The same, and who had it last and was not heard of since."""
        with storage_in_use(_WHERE):
            return self._rows.holders(name)

    def holder_of(self, name: str) -> LeaseHolder | None:
        """Who has a lease now, or had it last."""
        with storage_in_use(_WHERE):
            row = self._rows.read(name)
        return row.holder if row is not None else None

    @contextmanager
    def sign_of_life(self, run_id: str) -> Iterator[None]:
        """Shows within the block that this process executes a run.

        Raises:
            StorageError: another one does.
        """
        name = f"run/{run_id}"
        with storage_in_use(_WHERE):
            sign = self._take(name, run_id, SIGN_SECONDS)
        if sign is None:
            other = self.holder_of(name)
            who = f", by {other.told}" if other is not None else ""
            raise StorageError(f"Run {run_id} is already being executed{who}.")
        try:
            yield
        finally:
            sign.release(remove=True)

    def sign_of(self, run_id: str) -> LeaseHolder | None:
        """The sign of life of a run, or its last one."""
        return self.holder_of(f"run/{run_id}")

    def forget_stale_signs(self) -> None:
        """Remove those of a day ago."""
        self._rows.forget_old_signs()

    def _take(
        self, name: str, holder: str, seconds: float, place: str = "", share: Share = WHOLE
    ) -> _Renewed | None:
        began_at = seconds_since_boot()
        taken = self._rows.take(name, holder, seconds, place, share)
        return None if taken is None else _Renewed(self._rows, taken, began_at, seconds)


def _place_of(lock: Lease) -> str:
    """What tells the file of a lock from all others, of other machines too."""
    if not lock.descriptors or not boot_mark():
        return ""
    file = os.fstat(lock.descriptors[0])
    return f"{boot_mark()} {file.st_dev} {file.st_ino}"
