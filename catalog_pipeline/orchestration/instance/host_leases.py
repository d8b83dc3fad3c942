"""What all machines that share an instance hold together: one crawl, one build, signs of life.

Where the storage of the instance is on one machine, the locks of its files suffice (`crawling.lock`
and `liveness`), and there are no leases. Here: what is asked of leases, and both locks of a
catalogue taken as one. How a lease is held is each engine's own (`postgres/leases`).
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from catalog_pipeline.crawling.lock import CRAWL_LOCK, catalogue_lock, holder_of
from catalog_pipeline.crawling.ports import Lease, Pace
from catalog_pipeline.orchestration.instance.lease_shares import WHOLE, LeaseHolder, Share

if TYPE_CHECKING:
    from dagster import DagsterInstance

_POLL_SECONDS = 0.3


class HostLease(Lease, Protocol):
    """A lease that is renewed by itself until it is let go of."""

    @abstractmethod
    def release(self) -> None:
        """Let others have it, if it is still held."""


class HostLeases(Protocol):
    """The leases of an instance."""

    def try_take(
        self, name: str, holder: str, lock: Lease, share: Share = WHOLE
    ) -> HostLease | None:
        """Take a lease, or pages of it, beside the lock of this machine; None if somebody has
        them."""

    def holder_of(self, name: str) -> LeaseHolder | None:
        """Who has a lease now, or had it last and was not heard of since."""

    def holders_of(self, name: str) -> Sequence[LeaseHolder]:
        """Who has a lease now, or pages of it."""

    def known_holders_of(self, name: str) -> Sequence[LeaseHolder]:
        """The same, and who had it last and was not heard of since."""

    def sign_of_life(self, run_id: str) -> AbstractContextManager[None]:
        """Shows within the block that this process executes a run."""

    def sign_of(self, run_id: str) -> LeaseHolder | None:
        """The sign of life of a run, or its last one; None if it gave none, or has ended."""

    def forget_stale_signs(self) -> None:
        """Remove what is left of processes that have not been heard of for long."""


def leases_of(instance: DagsterInstance) -> HostLeases | None:
    """The leases of an instance whose storage several machines can share; None if it is not."""
    from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog

    storage = instance.event_log_storage
    return storage.leases if isinstance(storage, BatchedEventLog) else None


def pace_of(instance: DagsterInstance, catalogue: str) -> Pace | None:
    """The pace of all machines at a catalogue's site; None if they do not share the instance."""
    from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog

    storage = instance.event_log_storage
    return storage.pace_of(catalogue) if isinstance(storage, BatchedEventLog) else None


def lease_name(catalogue: str, lock_file: str) -> str:
    """What the lease is called that goes with a lock of a catalogue's folder."""
    return f"{catalogue}/{lock_file.removesuffix('.lock')}"


@contextmanager
def lease_of_hosts(
    instance: DagsterInstance,
    lock: Lease | None,
    name: str,
    holder: str,
    share: Share = WHOLE,
    *,
    on_wait: Callable[[str], None] = lambda who: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Lease | None]:
    """Hold what this machine has the `lock` of against all others; the lock where there are none,
    or where it was not had.

    `on_wait` is told whom it waits for, once per holder. Yields None, without the lease, if
    `should_stop` said so while waiting.
    """
    leases = leases_of(instance)
    if lock is None or leases is None:
        yield lock
        return
    lease = _wait_for(leases, lock, name, holder, share, on_wait, should_stop)
    try:
        yield lease
    finally:
        if lease is not None:
            lease.release()


@contextmanager
def hold_catalogue(
    instance: DagsterInstance,
    folder: Path,
    holder: str,
    *,
    lock_file: str = CRAWL_LOCK,
    share: Share = WHOLE,
    on_wait: Callable[[str], None] = lambda who: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Lease | None]:
    """Hold a catalogue's lock on this machine, and the lease of all machines that goes with it."""
    name = lease_name(folder.name, lock_file)
    with (
        catalogue_lock(
            folder, holder, lock_file=lock_file, on_wait=on_wait, should_stop=should_stop
        ) as lock,
        lease_of_hosts(
            instance, lock, name, holder, share, on_wait=on_wait, should_stop=should_stop
        ) as lease,
    ):
        yield lease


def crawlers_of(instance: DagsterInstance, catalogue: str) -> Sequence[LeaseHolder]:
    """Who crawls a catalogue, on which of the machines that share the instance; nobody if they do
    not share it."""
    leases = leases_of(instance)
    return () if leases is None else leases.holders_of(lease_name(catalogue, CRAWL_LOCK))


def holder_anywhere(
    instance: DagsterInstance, folder: Path, lock_file: str = CRAWL_LOCK
) -> str | None:
    """Who holds a lock of a catalogue, on whatever machine; None if nobody does."""
    here, leases = holder_of(folder, lock_file), leases_of(instance)
    if here is not None or leases is None:
        return here
    holders = leases.holders_of(lease_name(folder.name, lock_file))
    return holders[0].told if holders else None


def _wait_for(
    leases: HostLeases,
    lock: Lease,
    name: str,
    holder: str,
    share: Share,
    on_wait: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> HostLease | None:
    told = None
    while (lease := leases.try_take(name, holder, lock, share)) is None:
        if should_stop():
            return None
        holders = leases.holders_of(name)
        in_the_way = [each for each in holders if share.meets(each.pages)] or holders
        if in_the_way and in_the_way[0].told != told:
            told = in_the_way[0].told
            on_wait(told)
        time.sleep(_POLL_SECONDS)
    return lease
