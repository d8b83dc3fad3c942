"""Notices in this process: sent after a crawl and a build, shown without being sent, tried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogPipelineError, UsageError
from catalog_pipeline.notices.addresses import AddressError, address_of
from catalog_pipeline.notices.notice import Notice
from catalog_pipeline.notices.of_changes import (
    notices_of_changes,
    products_named,
    rules_met,
    rules_of_changes,
)
from catalog_pipeline.notices.sending import Answer, send
from catalog_pipeline.orchestration.checkpoints.notices_log import Delivery, deliveries
from catalog_pipeline.orchestration.commands.result import CrawlResult, NoticesResult
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.names import notices_key
from catalog_pipeline.orchestration.runs.notices_found import find_notices
from catalog_pipeline.orchestration.runs.notify_run import send_due, sent_metadata
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.stores import lacking, past_of
from catalog_pipeline.system.private_files import private_files


@dataclass(frozen=True)
class ShownNotice:
    """A notice, and by address how it stands with it, in words."""

    notice: Notice
    states: Mapping[str, str]


def send_here(
    instance: dg.DagsterInstance, catalogue: Catalogue, environ: Mapping[str, str]
) -> NoticesResult:
    """Send what is due, and let the web UI show what came of it, as of a run."""
    result = send_due(instance, catalogue, environ)
    if result.sent or result.problems:
        made = dg.AssetMaterialization(notices_key(catalogue), metadata=sent_metadata(result))
        instance.report_runless_asset_event(made)
    return NoticesResult(result.sent, result.problems)


def with_notices(result: CrawlResult, environ: Mapping[str, str]) -> CrawlResult:
    """The result, and what came of the notices that were due after it.

    The locks of the crawl are free by now, so that an address which hangs holds up no other one.
    """
    catalogue = result.request.catalogue
    if result.is_interrupted or catalogue.notify is None:
        return result
    try:
        with ExitStack() as stack:
            if catalogue.is_private:
                stack.enter_context(private_files())
            instance = stack.enter_context(open_instance())
            return replace(result, notices=send_here(instance, catalogue, environ))
    except KeyboardInterrupt:
        return replace(result, is_interrupted=True)
    except (CatalogPipelineError, OSError) as error:
        return replace(result, notices=NoticesResult(problems=(str(error),)))


def shown_notices(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    environ: Mapping[str, str],
    build: int | None = None,
) -> list[ShownNotice]:
    """What is to be sent, and the notices of a build of the history: the latest if none is named.

    Raises:
        UsageError: there is no such build.
        TableError: the history cannot be read.
    """
    now = datetime.now(timezone.utc)
    found = {notice.number: notice for notice in find_notices(instance, catalogue, now)}
    of_build = {notice.number: notice for notice in notices_of_build(catalogue, build)}
    wanted = of_build if build is not None else {**of_build, **found}
    states: dict[str, dict[str, str]] = {}
    unsettled: set[str] = set()
    for each in deliveries(instance, catalogue, wanted.values(), now):
        number = each.notice.number
        state = _state(each, environ, now, is_known=number in found)
        states.setdefault(number, {})[each.address] = state
        unsettled |= set() if each.is_settled else {number}
    return [
        ShownNotice(notice, states[number])
        for number, notice in wanted.items()
        if number in unsettled or number in of_build
    ]


def notices_of_build(catalogue: Catalogue, build: int | None = None) -> list[Notice]:
    """What a build of the history gives notice of by today's rules; the latest, if none is named.

    Raises:
        UsageError: there is no such build.
        TableError: the history cannot be read.
    """
    places = catalogue_places(catalogue.name)
    if not rules_of_changes(catalogue) or lacking(places, places.history):
        return []
    # Arrow is imported where there is something to read.
    from catalog_pipeline.tables.history.naming import names_of
    from catalog_pipeline.tables.history.reading import read_changes, state_of_history

    with past_of(places) as table:
        latest = state_of_history(table).build
        number = latest if build is None else build
        if not 1 <= number <= latest:
            raise UsageError(
                f"There is no build {number}; the latest one is build {latest}. A build whose "
                f"table was refused has no number."
            )
        changes = [each for each in read_changes(table, from_build=number) if each.build == number]
        met = rules_met(catalogue, changes, number)
        names = names_of(catalogue, table, products_named(met))
    at = changes[0].changed_at if changes else datetime.now(timezone.utc)
    return notices_of_changes(catalogue, met, number, at, names)


def try_addresses(catalogue: Catalogue, environ: Mapping[str, str]) -> Iterator[Answer]:
    """Send one message to each address, of which nothing is recorded."""
    notify = catalogue.notify
    names = [name for rule in notify.rules for name in notify.addresses_of(rule)] if notify else []
    addresses: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            addresses[name] = address_of(name, environ)
        except AddressError as error:
            yield name, str(error)
    title = f"{catalogue.name}: a test of notices"
    text = f"Notices of the catalogue {catalogue.name} come here. This one is a test."
    yield from send(addresses, title, text, "test")


def _state(delivery: Delivery, environ: Mapping[str, str], now: datetime, *, is_known: bool) -> str:
    if delivery.sent_at is not None:
        return f"sent {_minute(delivery.sent_at)}"
    if delivery.is_settled:
        return f"not sent any more: {delivery.tries[-1].reason}"
    if not is_known:
        return "not sent: the build is too old, or did not know the rule"
    if delivery.is_too_late(now):
        return "not sent any more: too old, or tried too often"
    try:
        address_of(delivery.address, environ)
    except AddressError as error:
        return f"due, and {error}"
    if not delivery.tries:
        return "due"
    tries = len(delivery.tries)
    again = f"tried {tries} {'time' if tries == 1 else 'times'}, next {_minute(delivery.due_at)}"
    return f"{again}: {delivery.tries[-1].reason}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
