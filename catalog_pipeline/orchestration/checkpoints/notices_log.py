"""What became of notices, address by address: observations of the asset `notices`, and no other
state.

An event is written after each try, before anything else is done. Addresses are recorded by the
names of their variables. When one is tried again is decided here, too, since the events say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, TypeAlias

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.notices.notice import Notice
from catalog_pipeline.orchestration.names import notices_key
from catalog_pipeline.showing import as_line

Outcome: TypeAlias = Literal["sent", "failed", "late"]

LATE_AFTER = timedelta(days=3)
"""A notice that could not be sent for so long is not sent any more."""
MOST_TRIES = 25
_FIRST_DELAY = timedelta(minutes=1)
_LONGEST_DELAY = timedelta(hours=4)
_READ_BACK = timedelta(days=21)
"""Longer than notices are looked for: what was sent must be known as long as that."""
_MOST_READ = 10_000


@dataclass(frozen=True)
class Try:
    """What came of a notice at an address; `reason` says why it was not sent."""

    number: str
    address: str
    outcome: Outcome
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Delivery:
    """A notice and one of its addresses, with what was tried so far, oldest first.

    An address that has just failed, with whichever notice, is left alone until `spared_until`.
    """

    notice: Notice
    address: str
    tries: Sequence[Try]
    spared_until: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be done: it was sent, or it is told that it will not be."""
        return any(each.outcome != "failed" for each in self.tries)

    @property
    def sent_at(self) -> datetime | None:
        """When it was sent."""
        return next((each.at for each in self.tries if each.outcome == "sent"), None)

    @property
    def due_at(self) -> datetime:
        """When it is to be tried next, if it is not settled."""
        due = self.notice.at
        if self.tries:
            delay = _FIRST_DELAY * 2 ** (min(len(self.tries), 20) - 1)
            due = self.tries[-1].at + min(delay, _LONGEST_DELAY)
        return max(due, self.spared_until or due)

    def is_too_late(self, now: datetime) -> bool:
        """Whether it is too old to be sent, or was tried too often."""
        return now - self.notice.at > LATE_AFTER or len(self.tries) >= MOST_TRIES


def deliveries(
    instance: dg.DagsterInstance, catalogue: Catalogue, notices: Iterable[Notice], now: datetime
) -> list[Delivery]:
    """The notices by address, with what was tried.

    A clock that was ahead lets nothing wait until its time has come: what is of later than now
    counts as of now, and what was tried then as tried long ago.
    """
    known: dict[tuple[str, str], list[Try]] = {}
    spared: dict[str, datetime | None] = {}
    for each in read_tries(instance, catalogue, now):
        known.setdefault((each.number, each.address), []).append(each)
        spared[each.address] = each.at + _FIRST_DELAY if each.outcome == "failed" else None
    return [
        Delivery(
            replace(notice, at=min(notice.at, now)),
            address,
            tuple(known.get((notice.number, address), ())),
            spared.get(address),
        )
        for notice in notices
        for address in notice.to
    ]


def read_tries(instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime) -> Iterator[Try]:
    """All that was tried, oldest first."""
    wanted = dg.AssetRecordsFilter(
        asset_key=notices_key(catalogue), after_timestamp=(now - _READ_BACK).timestamp()
    )
    records = instance.fetch_observations(wanted, limit=_MOST_READ).records
    for record in reversed(records):
        observation = record.asset_observation
        if observation is None:
            continue
        told: dict[str, Any] = {name: value.value for name, value in observation.metadata.items()}
        if {"notice", "address", "outcome"} <= told.keys():
            at = datetime.fromtimestamp(record.timestamp, tz=timezone.utc)
            at = at if at < now + _FIRST_DELAY else now - _LONGEST_DELAY
            yield Try(told["notice"], told["address"], told["outcome"], at, told.get("reason", ""))


def record_try(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    delivery: Delivery,
    outcome: Outcome,
    reason: str = "",
) -> None:
    """Write down what came of a notice at an address; it stands when this returns."""
    notice = delivery.notice
    metadata: dict[str, str | int] = {
        "notice": notice.number,
        "address": delivery.address,
        "outcome": outcome,
        "rule": as_line(notice.rule),
        "about": as_line(notice.about),
        "count": notice.count,
        "try": len(delivery.tries) + 1,
        **({"reason": as_line(reason)} if reason else {}),
    }
    told = dg.AssetObservation(notices_key(catalogue), metadata=metadata)
    instance.report_runless_asset_event(told)
