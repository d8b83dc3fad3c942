"""Each page has one status, and a failure stands until something mends it."""

import os
import signal
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import AssetObservationData, DagsterEvent

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.orchestration.checkpoints.metadata import metadata_of_failure
from catalog_pipeline.orchestration.checkpoints.reader import (
    read_checkpoints,
)
from catalog_pipeline.orchestration.checkpoints.statuses import explain_failures, read_statuses
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life, sign_path
from catalog_pipeline.orchestration.names import plain_pages_key
from catalog_pipeline.records import PageFailure
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute, grid
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes


def _start(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    instance.handle_run_event(
        run.run_id, dg.DagsterEvent("PIPELINE_START", run.job_name, message="started"), None
    )


def test_pages_are_done_failed_or_missing(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=6)
    site.shop.control(faults=["2=404"])
    run = execute(instance, catalogue, create_run(instance, catalogue, 1, 4))
    statuses = read_statuses(instance, site.catalogue, catalogue.pages)
    assert statuses.done == set(keys(1, 3, 4))
    assert statuses.failed == {PageKey(2): run.run_id}
    assert statuses.missing == set(keys(5, 6))
    assert statuses.due == keys(2, 5, 6)


def test_planned_pages_are_in_progress_as_long_as_their_run_lives(
    site: Site, instance: dg.DagsterInstance, home
):
    catalogue = site.write(last_page=3)
    run = create_run(instance, catalogue, 1, 2)
    _start(instance, run)
    with hold_sign_of_life(home, run.run_id):
        statuses = read_statuses(instance, site.catalogue, catalogue.pages)
        assert statuses.in_progress == dict.fromkeys(keys(1, 2), run.run_id)
        assert (statuses.missing, statuses.due) == (set(keys(3)), keys(3))


def test_pages_of_a_dead_run_are_missing_and_due(site: Site, instance: dg.DagsterInstance, home):
    catalogue = site.write(last_page=3)
    run = create_run(instance, catalogue, 1, 2)
    _start(instance, run)
    sign_path(home, run.run_id).parent.mkdir(exist_ok=True)
    sign_path(home, run.run_id).write_text("{}")
    statuses = read_statuses(instance, site.catalogue, catalogue.pages)
    assert (statuses.in_progress, statuses.missing) == ({}, set(keys(1, 2, 3)))
    assert statuses.interrupted == dict.fromkeys(keys(1, 2), run.run_id)


def test_a_cancelled_run_leaves_no_failed_page(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    instance.report_run_canceled(create_run(instance, catalogue, 1, 2))
    statuses = read_statuses(instance, site.catalogue, catalogue.pages)
    assert (statuses.missing, statuses.failed) == (set(keys(1, 2)), {})


@pytest.mark.parametrize("end", ["cancelled", "never begun", "dead", "alive"])
def test_a_failure_stands_until_a_newer_checkpoint(
    site: Site, instance: dg.DagsterInstance, home: Path, end: str
):
    catalogue = site.write(last_page=2)
    site.shop.control(faults=["2=404"])
    crawl_here(instance, catalogue, keys(1, 2), None)
    later = create_run(instance, catalogue, 1, 2)
    if end == "cancelled":
        instance.report_run_canceled(later)
    elif end == "never begun":
        instance.report_run_failed(later)
    elif end == "dead":
        _start(instance, later)
        sign_path(home, later.run_id).parent.mkdir(exist_ok=True)
        sign_path(home, later.run_id).write_text("{}")
    with hold_sign_of_life(home, later.run_id) if end == "alive" else nullcontext():
        statuses = read_statuses(instance, site.catalogue, catalogue.pages)
    if end in ("cancelled", "never begun"):
        assert grid(instance, catalogue) == {"1": "MATERIALIZED", "2": "FAILED"}
    if end == "alive":
        assert statuses.in_progress.keys() == set(keys(1, 2))
        return
    assert (statuses.done, set(statuses.failed)) == (set(keys(1)), set(keys(2)))
    reasons = explain_failures(instance, site.catalogue, statuses, catalogue.pages)
    assert reasons[PageKey(2)].http_status == 404
    site.shop.control(faults=[])
    crawl_here(instance, catalogue, keys(2), None)
    assert read_statuses(instance, site.catalogue, catalogue.pages).done == set(keys(1, 2))


class _InterruptedByFailure(Observer):
    """Sends a Ctrl-C once a page has failed."""

    def page_failed(self, failure: PageFailure) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_what_failed_in_a_cancelled_run_stays_failed_in_the_web_ui_too(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=8, politeness={"concurrency": 1})
    crawl_here(instance, catalogue, catalogue.pages, None)
    site.shop.control(faults=["2=404"], latency_ms=100)
    now = datetime.now(timezone.utc)
    context = CrawlContext(observer=_InterruptedByFailure())
    crawl = crawl_here(instance, catalogue, catalogue.pages, now, crawl_context=context)
    assert crawl.status == dg.DagsterRunStatus.CANCELED
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    shown = grid(instance, catalogue)
    assert [page for page, status in shown.items() if status != "MATERIALIZED"] == ["2"]
    assert shown["2"] == "FAILED"
    assert (set(statuses.failed), len(statuses.done)) == (set(keys(2)), 7)
    reasons = explain_failures(instance, catalogue, statuses, catalogue.pages)
    assert reasons[PageKey(2)].http_status == 404

    site.shop.control(faults=[], latency_ms=0)
    crawl_here(instance, catalogue, keys(2), None)
    assert set(grid(instance, catalogue).values()) == {"MATERIALIZED"}


def _fail_page_2(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Record that page 2 failed in a run that goes on."""
    failure = PageFailure(
        PageKey(2), "http://x", "gone", "page 2: gone", 404, 1, datetime.now(timezone.utc)
    )
    seen = dg.AssetObservation(
        plain_pages_key(NAME), partition="2", metadata=metadata_of_failure(failure)
    )
    kind = dg.DagsterEventType.ASSET_OBSERVATION.value
    event = DagsterEvent(kind, run.job_name, event_specific_data=AssetObservationData(seen))
    instance.report_dagster_event(event, run.run_id)


def test_a_page_that_failed_in_one_run_is_in_progress_while_a_later_one_waits(
    site: Site, instance: dg.DagsterInstance, home: Path
):
    catalogue = site.write(last_page=2)
    first = create_run(instance, catalogue, 1, 2)
    _start(instance, first)
    second = create_run(instance, catalogue, 2, 2)
    _fail_page_2(instance, first)
    instance.report_run_failed(first)
    statuses = read_statuses(instance, site.catalogue, catalogue.pages)
    assert statuses.in_progress == {PageKey(2): second.run_id}
    assert set(statuses.failed) == {PageKey(1)}
    instance.report_run_canceled(second)
    assert set(read_statuses(instance, site.catalogue, catalogue.pages).failed) == set(keys(1, 2))


def test_a_failure_is_seen_while_its_run_goes_on(
    site: Site, instance: dg.DagsterInstance, home: Path
):
    catalogue = site.write(last_page=2)
    run = create_run(instance, catalogue, 1, 2)
    _start(instance, run)
    _fail_page_2(instance, run)
    with hold_sign_of_life(home, run.run_id):
        statuses = read_statuses(instance, site.catalogue, catalogue.pages)
    assert statuses.failed == {PageKey(2): run.run_id}
    assert statuses.in_progress == {PageKey(1): run.run_id}


def test_an_observation_of_other_hands_is_no_failure(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=1)
    crawl_here(instance, catalogue, keys(1), None)
    instance.report_runless_asset_event(dg.AssetObservation(plain_pages_key(NAME), partition="1"))
    assert read_statuses(instance, site.catalogue, catalogue.pages).failed == {}


def test_a_partition_that_is_no_page_is_named(
    site: Site, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
):
    # It is said once in a process, of names that no other test has.
    catalogue = site.write(last_page=1)
    for partition in ("1", "later", "³"):
        instance.report_runless_asset_event(
            dg.AssetMaterialization(plain_pages_key(NAME), partition=partition)
        )
    assert read_statuses(instance, site.catalogue, catalogue.pages).done == set(keys(1))
    assert "'later' names no listing page" in caplog.text
    assert "'³' names no listing page" in caplog.text


def test_a_wiped_page_is_missing_again(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1, 2), None)
    instance.wipe_asset_partitions(plain_pages_key(NAME), ["2"])
    assert read_statuses(instance, site.catalogue, catalogue.pages).missing == set(keys(2))


def test_an_event_of_other_hands_is_no_checkpoint(site: Site, instance: dg.DagsterInstance):
    """A materialization that somebody reported by hand names no stored file."""
    instance.report_runless_asset_event(
        dg.AssetMaterialization(plain_pages_key(NAME), partition="1")
    )
    assert read_checkpoints(instance, site.catalogue, keys(1)) == {}
    assert read_statuses(instance, site.catalogue, keys(1)).done == set(keys(1))
