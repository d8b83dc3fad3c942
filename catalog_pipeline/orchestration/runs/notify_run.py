"""Sends the notices that are due, and records of each address at once what came of it.

A notice is recorded after it was taken: who is killed in between sends it once more, and nothing
is lost. One process at a time sends for a catalogue. Nothing that goes wrong with an address is an
error: it is told, and tried again later, with longer and longer waits, for three days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.notices.addresses import AddressError, address_of
from catalog_pipeline.notices.notice import Notice
from catalog_pipeline.notices.sending import Answer, send
from catalog_pipeline.orchestration.checkpoints.notices_log import (
    LATE_AFTER,
    Delivery,
    Outcome,
    deliveries,
    record_try,
)
from catalog_pipeline.orchestration.runs.notices_found import find_notices
from catalog_pipeline.places import catalogue_places

NOTICES_LOCK = "notices.lock"
_FAILURES_BORNE = 2
"""How often an address may fail before it is left alone until the next time."""


@dataclass(frozen=True)
class Sent:
    """How many notices an address took, and what went wrong with others, by address."""

    sent: int = 0
    problems: tuple[str, ...] = ()


@dataclass
class _Pass:
    """One look at all that is due."""

    instance: dg.DagsterInstance
    catalogue: Catalogue
    environ: Mapping[str, str]
    sent: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, notice: Notice, those: Mapping[str, Delivery]) -> None:
        """Send a notice to the addresses where it is due, or say that it is too late."""
        now = datetime.now(timezone.utc)
        late = {name: each for name, each in those.items() if each.is_too_late(now)}
        for name, each in late.items():
            why = each.tries[-1].reason if each.tries else "nobody was there to send it"
            told = f"older than {LATE_AFTER.days} days, or tried too often ({why})"
            record_try(self.instance, self.catalogue, each, "late", told)
            sentence = f"{name}: not sent any more: {notice.title}; it is {told}"
            self.problems[f"{name} {notice.number}"] = sentence
        due = [
            name
            for name, each in those.items()
            if name not in late and each.due_at <= now and self.failures[name] < _FAILURES_BORNE
        ]
        for name, reason in self._answers(notice, due):
            outcome: Outcome = "sent" if reason is None else "failed"
            record_try(self.instance, self.catalogue, those[name], outcome, reason or "")
            self.sent += reason is None
            if reason is not None:
                self.failures[name] += 1
                self.problems[name] = f"{name}: {reason}"

    def _answers(self, notice: Notice, names: Sequence[str]) -> Iterator[Answer]:
        addresses: dict[str, str] = {}
        for name in names:
            try:
                addresses[name] = address_of(name, self.environ)
            except AddressError as error:
                yield name, str(error)
        if addresses:
            yield from send(addresses, notice.title, notice.text, notice.number)


def unsettled(instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime) -> list[Delivery]:
    """The notices that were not sent yet and not given up, with the address of each."""
    found = deliveries(instance, catalogue, find_notices(instance, catalogue, now), now)
    return [each for each in found if not each.is_settled]


def send_due(
    instance: dg.DagsterInstance, catalogue: Catalogue, environ: Mapping[str, str]
) -> Sent:
    """Send what is due, oldest first."""
    folder = catalogue_places(catalogue.name).folder
    if not folder.is_dir():
        return Sent()
    with catalogue_lock(folder, "notices", lock_file=NOTICES_LOCK):
        # With the lock: what another process was about to send has been recorded by now.
        by_notice: dict[str, dict[str, Delivery]] = {}
        notices: dict[str, Notice] = {}
        for each in unsettled(instance, catalogue, datetime.now(timezone.utc)):
            notices[each.notice.number] = each.notice
            by_notice.setdefault(each.notice.number, {})[each.address] = each
        one = _Pass(instance, catalogue, environ)
        for number, notice in notices.items():
            one.take(notice, by_notice[number])
    return Sent(one.sent, tuple(one.problems.values()))
