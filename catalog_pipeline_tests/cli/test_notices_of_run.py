"""Notices after `run`: sent when crawl and build are over, and no part of what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.lock import TABLE_LOCK, holder_of
from catalog_pipeline.orchestration.runs.notices_found import find_notices
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute
from catalog_pipeline_tests.receivers import Webhook, webhook
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A webhook at the address in NOTIFY_URL."""
    with webhook() as found:
        monkeypatch.setenv("NOTIFY_URL", found.url)
        yield found


def _write(site: Site, *rules: str, **changes: Any) -> Catalogue:
    notify = {"to": "NOTIFY_URL", "rules": list(rules)}
    return site.write(last_page=2, history=True, notify=notify, **changes)


def test_a_crawl_that_fails_is_told_with_its_reasons_once(
    site: Site, run: Run, hook: Webhook
) -> None:
    _write(site, "crawl fails", "new")
    site.shop.control(faults=["2=404"])
    answer = run("run", NAME)
    assert answer.code == 1
    assert "1 notice sent" in answer.out
    (body,) = hook.bodies
    assert body["title"].startswith("shop: crawl fails (run ")
    assert "1 page failed: 2." in body["message"]
    assert "404" in body["message"]
    assert run("notify", NAME).out == "shop: 0 notices sent\n"
    site.shop.control(faults=[])
    assert run("run", NAME, "--json").json["notices"] == {"sent": 0, "problems": []}
    assert len(hook.bodies) == 1


def test_an_address_that_hangs_holds_no_lock_and_fails_no_run(
    site: Site, run: Run, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog_pipeline.notices.sending.SECONDS", 3.0)
    catalogue = _write(site, "check fails", checks={"price": {"maximum": 0.5}})
    hook.status, held = None, []

    def look() -> None:
        folder = site.places.folder
        held.append([holder_of(folder), holder_of(folder, TABLE_LOCK), site.places.table.exists()])

    hook.before_answer = look
    answer = run("run", catalogue.name)
    assert answer.code == 0
    assert wait_for("the request", lambda: held) == [[None, None, True]]
    told = "Notice not sent: NOTIFY_URL: it did not answer within 3 s; it is tried again"
    assert told in answer.out
    assert "a-secret" not in answer.out + answer.err


def test_a_crawl_that_the_daemon_retries_is_told_when_the_last_try_has_failed(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = _write(site, "crawl fails")
    site.shop.control(faults=["2=404"])
    first = execute(instance, catalogue, create_run(instance, catalogue, 1, 2))
    instance.add_run_tags(first.run_id, {"dagster/will_retry": "true"})
    assert _titles(instance, catalogue) == []
    again = create_run(instance, catalogue, 1, 2, retry_of=first, tags=_tags(first))
    assert _titles(instance, catalogue) == []
    execute(instance, catalogue, again)
    assert _titles(instance, catalogue) == [f"shop: crawl fails (run {first.run_id[:8]})"]
    site.shop.control(faults=[])
    last = create_run(instance, catalogue, 1, 2, retry_of=again, tags=_tags(again))
    execute(instance, catalogue, last)
    assert _titles(instance, catalogue) == []


def _tags(run: dg.DagsterRun) -> dict[str, str]:
    """Those that Dagster gives to a retry."""
    return {name: tag for name, tag in run.tags.items() if name.startswith("catalog_pipeline/")}


def _titles(instance: dg.DagsterInstance, catalogue: Catalogue) -> list[str]:
    found = find_notices(instance, catalogue, datetime.now(timezone.utc))
    return [notice.title for notice in found]
