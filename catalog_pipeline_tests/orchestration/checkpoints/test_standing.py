"""Which pages are due: the definition that command line and schedule share."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages, with_known_pages
from catalog_pipeline.orchestration.checkpoints.standing import due_pages, read_standing
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life, sign_path
from catalog_pipeline.orchestration.names import LOOKS_BEYOND_TAG, plain_pages_key
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site


@pytest.mark.processes
def test_missing_and_failed_pages_are_due_and_older_ones_with_a_cut_off(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=5)
    site.shop.control(faults=["2=404"])
    crawl_here(instance, catalogue, keys(1, 2), None)
    assert due_pages(instance, catalogue) == keys(2, 3, 4, 5)
    between = datetime.now(timezone.utc)
    crawl_here(instance, catalogue, keys(3), None)
    assert due_pages(instance, catalogue, between) == keys(1, 2, 4, 5)
    assert due_pages(instance, catalogue, datetime.now(timezone.utc)) == keys(1, 2, 3, 4, 5)


def test_pages_that_a_living_run_has_are_not_due(site: Site, instance: dg.DagsterInstance, home):
    catalogue = site.write(last_page=3)
    run = create_run(instance, catalogue, 1, 2)
    with hold_sign_of_life(home, run.run_id):
        assert due_pages(instance, catalogue) == keys(3)
    instance.report_run_canceled(run)
    assert due_pages(instance, catalogue) == keys(1, 2, 3)


def test_a_page_without_a_record_of_ours_is_missing(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=1)
    instance.report_runless_asset_event(
        dg.AssetMaterialization(plain_pages_key(NAME), partition="1")
    )
    statuses = read_standing(instance, catalogue).statuses
    assert (statuses.done, statuses.missing) == (set(), set(keys(1)))
    assert due_pages(instance, catalogue, datetime(2020, 1, 1, tzinfo=timezone.utc)) == keys(1)


@pytest.mark.processes
@pytest.mark.parametrize("fate", ["killed", "failed"])
@pytest.mark.parametrize(
    "pages",
    [
        {"kind": "open"},
        {"kind": "told", "last": {"header": "X-Total-Pages"}},
        {"kind": "linked", "next": {"select": "a[rel=next]"}},
    ],
    ids=lambda pages: pages["kind"],
)
def test_the_end_is_due_where_a_run_that_looked_for_it_left_pages(
    site: Site, instance: dg.DagsterInstance, home: Path, pages: dict[str, Any], fate: str
):
    catalogue = site.write(pages=pages)
    site.shop.control(pages=3, tells_size=True)
    seed_pages(instance, catalogue)
    crawl_here(instance, catalogue, keys(1), None, finds=True)
    assert not read_standing(instance, catalogue).is_end_due
    known = with_known_pages(instance, catalogue)
    for tags in ({}, {LOOKS_BEYOND_TAG: "3"}):
        run = create_run(instance, known, 1, 3, tags=tags)
        started = dg.DagsterEvent("PIPELINE_START", run.job_name, message="started")
        instance.handle_run_event(run.run_id, started, None)
        sign_path(home, run.run_id).parent.mkdir(exist_ok=True)
        sign_path(home, run.run_id).write_text("{}")
        if fate == "failed":
            instance.report_run_failed(run)
        standing = read_standing(instance, catalogue)
        assert standing.due == keys(1, 2, 3)
        tells_no_more = fate == "failed" and pages["kind"] != "open"
        assert standing.is_end_due == (bool(tags) or tells_no_more)

    site.shop.control(pages=5)
    crawl_here(instance, catalogue, standing.due, None, finds=standing.is_end_due)
    grown = read_standing(instance, catalogue)
    assert (grown.pages, grown.due, grown.is_end_due) == (tuple(keys(1, 2, 3, 4, 5)), [], False)


@pytest.mark.processes
@pytest.mark.parametrize(
    "amiss", [{"faults": ["4=503", "5=503"]}, {"pages": 1}], ids=["an outage", "too many gone"]
)
def test_an_end_that_could_not_be_confirmed_once_more_is_due_until_it_is(
    site: Site, instance: dg.DagsterInstance, amiss: dict[str, Any]
):
    catalogue = site.write(pages={"kind": "open"}, politeness={"max_attempts": 1})
    site.shop.control(pages=3)
    seed_pages(instance, catalogue)
    crawl_here(instance, catalogue, keys(1), None, finds=True)
    before = read_standing(instance, catalogue)
    assert before.end is not None
    site.shop.control(**amiss)
    since = datetime.now(timezone.utc)
    refused = crawl_here(instance, catalogue, keys(1, 2, 3), since, finds=True)
    assert refused.status == dg.DagsterRunStatus.FAILURE
    unsure = read_standing(instance, catalogue)
    assert (unsure.end, unsure.is_end_due) == (None, True)
    site.shop.control(faults=[], pages=5)
    crawl_here(instance, catalogue, unsure.due, None, finds=True)
    after = read_standing(instance, catalogue)
    assert (after.pages, after.due, after.is_end_due) == (tuple(keys(1, 2, 3, 4, 5)), [], False)
    assert after.end is not None
    assert after.end.checked_at > before.end.checked_at
