"""Sends the notices that are due, and records of each address at once what came of it.

A notice is recorded after it was taken: who is killed in between sends it once more, and nothing
is lost. One process at a time sends for a catalogue. Nothing that goes wrong with an address is an
error: it is told, and tried again later, with longer and longer waits, for three days.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogPipelineError
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
from catalog_pipeline.orchestration.instance.host_leases import hold_catalogue
from catalog_pipeline.orchestration.runs.notices_found import find_notices
from catalog_pipeline.orchestration.runs.privacy import for_the_owner_alone
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.showing import as_line, as_lines

NOTICES_LOCK = "notices.lock"


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
    failed: set[str] = field(default_factory=set)
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
        due = []
        for name, each in those.items():
            if name in late or name in self.failed:
                continue
            if each.due_at <= now:
                due.append(name)
            elif each.tries:
                told = f"{each.tries[-1].reason}; it is tried again at {each.due_at:%H:%M} UTC"
                self.problems.setdefault(name, f"{name}: {told}")
        for name, reason in self._answers(notice, due):
            outcome: Outcome = "sent" if reason is None else "failed"
            record_try(self.instance, self.catalogue, those[name], outcome, reason or "")
            self.sent += reason is None
            if reason is not None:
                self.failed.add(name)
                self.problems[name] = f"{name}: {reason}; it is tried again"

    def _answers(self, notice: Notice, names: Sequence[str]) -> Iterator[Answer]:
        addresses: dict[str, str] = {}
        for name in names:
            try:
                addresses[name] = address_of(name, self.environ)
            except AddressError as error:
                yield name, str(error)
        if addresses:
            yield from send(addresses, notice.title, notice.text, notice.number)


def unsettled(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    now: datetime,
    on_problem: Callable[[str], object] = lambda told: None,
) -> list[Delivery]:
    """The notices that were not sent yet and not given up, with the address of each."""
    notices = find_notices(instance, catalogue, now, on_problem)
    found = deliveries(instance, catalogue, notices, now)
    return [each for each in found if not each.is_settled]


def run_notices(context: dg.AssetExecutionContext, catalogue: Catalogue) -> dg.MaterializeResult:
    """Send what is due in a run of its own; an address that is not reached does not fail it.

    Raises:
        dg.Failure: the data folder cannot be used.
    """
    try:
        with for_the_owner_alone(context, catalogue):
            result = send_due(context.instance, catalogue, os.environ)
    except CatalogPipelineError as error:
        raise dg.Failure(as_lines(str(error)), allow_retries=False) from None
    for problem in result.problems:
        context.log.warning(as_line(f"Not sent: {problem}."))
    return dg.MaterializeResult(metadata=sent_metadata(result))


def sent_metadata(result: Sent) -> dict[str, Any]:
    """What is shown of it in the web UI."""
    return {
        "sent": result.sent,
        "not_sent": len(result.problems),
        "problems": dg.MetadataValue.json([as_line(problem) for problem in result.problems]),
    }


def send_due(
    instance: dg.DagsterInstance, catalogue: Catalogue, environ: Mapping[str, str]
) -> Sent:
    """Send what is due, the oldest first of those that were not tried yet."""
    places = catalogue_places(catalogue.name)
    if places.address is None and not places.folder.is_dir():
        return Sent()
    with hold_catalogue(instance, places.folder, "notices", lock_file=NOTICES_LOCK):
        # With the lock: what another process was about to send has been recorded by now.
        unknown: list[str] = []
        waiting = unsettled(instance, catalogue, datetime.now(timezone.utc), unknown.append)
        by_notice: dict[str, dict[str, Delivery]] = {}
        # What no address refuses goes first, so that it does not wait for what one does.
        for each in sorted(waiting, key=lambda each: (len(each.tries), each.notice.at)):
            by_notice.setdefault(each.notice.number, {})[each.address] = each
        one = _Pass(instance, catalogue, environ)
        for those in by_notice.values():
            one.take(next(iter(those.values())).notice, those)
    return Sent(one.sent, (*unknown, *one.problems.values()))
