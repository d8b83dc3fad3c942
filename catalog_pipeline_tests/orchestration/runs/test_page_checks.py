"""What the checks of the pages say when a crawl ends, and which tables a failed one keeps out."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from catalog_pipeline.orchestration.definitions.component import CatalogueComponent
from catalog_pipeline.orchestration.names import BACKFILL_TAG, plain_pages_key
from catalog_pipeline.orchestration.runs.notices_found import find_notices
from catalog_pipeline.orchestration.runs.page_verdicts import (
    ALL_KNOWN,
    NO_REPEATS,
    NOT_EMPTY,
    NOT_FAILED,
)
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute, wait_in_queue
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import listing, written_site

pytestmark = pytest.mark.processes

PASSED, FAILED = AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED


class Shown:
    """What the web UI shows of a check of the pages: its last result."""

    def __init__(self, instance: dg.DagsterInstance, name: str) -> None:
        key = dg.AssetCheckKey(plain_pages_key(NAME), name)
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        assert record.evaluation is not None, record.status
        self.status = record.status
        self.run_id = record.run_id
        self.severity = record.evaluation.severity
        self.told = record.evaluation.description or ""
        self.metadata: dict[str, Any] = {
            name: value.value for name, value in record.evaluation.metadata.items()
        }

    @property
    def pages(self) -> list[str]:
        """The pages that are given as examples."""
        return [each["page"] for each in self.metadata.get("examples", [])]


def test_pages_that_keep_a_table_out_give_notice_as_a_failed_check(
    site: Site, instance: dg.DagsterInstance, run: Run
):
    checks = {"failed_pages": 0, "on_failure": "keep_old_table"}
    rules = ["check fails", f"check {NOT_FAILED} fails", "check rows_are_fresh fails"]
    catalogue = site.write(last_page=3, checks=checks, notify={"to": "NOWHERE", "rules": rules})
    site.shop.control(faults=["3=404"])
    assert run("run", NAME).code == 1
    found = find_notices(instance, catalogue, datetime.now(timezone.utc))
    assert sorted(notice.rule for notice in found) == sorted(rules[:2])
    assert all(f"{NOT_FAILED}: 1 page of 3 failed" in notice.text for notice in found)


def test_a_crawl_of_all_pages_passes_all_checks_of_the_pages(
    site: Site, instance: dg.DagsterInstance, run: Run
):
    site.write(last_page=3)
    assert run("run", NAME).code == 0
    for name in (NOT_FAILED, NO_REPEATS, NOT_EMPTY):
        assert Shown(instance, name).status == PASSED
    assert Shown(instance, NOT_FAILED).metadata == {
        "seen": {"pages": 3, "failed": 0, "by_kind": {}},
        "allowed": {"share": 0.0},
    }


def test_failed_pages_are_told_by_kind_with_reasons_also_of_pages_that_show_others_again(
    site: Site, instance: dg.DagsterInstance, run: Run
):
    site.write(last_page=30, politeness={"max_attempts": 1, "stop_window": 100})
    faults = [f"{page}=500" for page in range(5, 27)]
    site.shop.control(faults=["2=repeat", "3=empty", *faults])
    assert run("run", NAME).code == 1
    failed, repeats = Shown(instance, NOT_FAILED), Shown(instance, NO_REPEATS)
    assert (failed.status, failed.severity) == (FAILED, dg.AssetCheckSeverity.WARN)
    assert failed.metadata["seen"]["by_kind"]["status 500"] == 22
    assert failed.metadata["seen"]["by_kind"]["no_product"] == 1
    assert failed.metadata["seen"]["failed"] == 24
    assert failed.pages == [str(page) for page in (2, 3, *range(5, 23))]
    assert "the server answered 500" in failed.metadata["examples"][2]["reason"]
    assert (repeats.status, repeats.pages) == (FAILED, ["2"])
    assert "page 1" in repeats.metadata["examples"][0]["reason"]
    site.shop.control(faults=[])
    assert run("run", NAME, "--pages", "2,3").code == 0
    assert Shown(instance, NO_REPEATS).status == PASSED
    assert Shown(instance, NOT_FAILED).metadata["seen"] == {
        "pages": 30,
        "failed": 22,
        "by_kind": {"status 500": 22},
    }


def test_a_crawl_that_gives_up_counts_the_pages_that_it_did_not_come_to(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=4)
    site.shop.control(robots_txt="User-agent: *\nDisallow: /\n")
    made = create_run(instance, catalogue, 1, 4)
    assert not execute(instance, catalogue, made).is_success
    shown = Shown(instance, NOT_FAILED)
    assert (shown.status, shown.metadata["seen"]["failed"]) == (FAILED, 4)
    assert all("robots.txt" in each["reason"] for each in shown.metadata["examples"])


def test_a_page_whose_products_were_all_left_out_is_told(
    site: Site, instance: dg.DagsterInstance, run: Run
):
    with written_site() as pages:
        pages.write({1: listing(1, "1.00"), 2: listing(2, "ask", "ask")})
        price = {"select": "i", "type": "money", "currency": "EUR", "on_invalid": "discard_row"}
        pages.describe(site, {"price": price})
        assert run("run", NAME).code == 0
    shown = Shown(instance, NOT_EMPTY)
    assert (shown.status, shown.pages) == (FAILED, ["2"])
    assert "2 products left out" in shown.metadata["examples"][0]["reason"]


@pytest.mark.parametrize(
    ("allowed", "on_failure", "is_kept"),
    [("20%", "keep_old_table", True), ("25%", "keep_old_table", False), ("20%", "warn", False)],
)
def test_more_failed_pages_than_the_yaml_allows_keep_the_old_table(
    site: Site, instance: dg.DagsterInstance, run: Run, allowed: str, on_failure: str, is_kept: bool
):
    site.write(last_page=4, checks={"failed_pages": allowed, "on_failure": on_failure})
    assert run("run", NAME).code == 0
    before = site.places.table.read_bytes()
    site.shop.control(faults=["3=404"])
    answer = run("run", NAME, "--refresh", "--json").json
    shown = Shown(instance, NOT_FAILED)
    assert shown.status == (PASSED if allowed == "25%" else FAILED)
    assert (site.places.table.read_bytes() == before) == is_kept
    assert (answer["table_error"] is not None) == is_kept
    if is_kept:
        assert shown.severity == dg.AssetCheckSeverity.ERROR
        assert "1 page of 4 failed (status 404: 1), more than the 20% that" in answer["table_error"]
    site.shop.control(faults=[])
    assert run("run", NAME).code == 0
    assert len(pd.read_parquet(site.places.table)) == 80
    assert Shown(instance, NOT_FAILED).status == PASSED


@pytest.mark.parametrize("on_failure", ["keep_old_table", "warn"])
def test_a_shop_that_shows_half_of_its_pages_is_told_and_its_table_is_not_that_of_today(
    site: Site, instance: dg.DagsterInstance, run: Run, on_failure: str
):
    site.write(pages="open", checks={"on_failure": on_failure}, history=True)
    site.shop.control(pages=6)
    assert run("run", NAME).code == 0
    assert Shown(instance, ALL_KNOWN).status == PASSED
    before = site.places.table.read_bytes()
    site.shop.control(pages=3)
    for page in (1, 2):
        site.shop.control(revise=[page])
    answer = run("run", NAME, "--refresh", "--json")
    assert answer.code == 1
    shown = Shown(instance, ALL_KNOWN)
    assert shown.status == FAILED
    assert "shrink" in shown.metadata["examples"][0]["problem"]
    assert Shown(instance, NOT_FAILED).status == PASSED
    is_kept = on_failure == "keep_old_table"
    assert (site.places.table.read_bytes() == before) == is_kept
    assert ("its pages are not all known" in str(answer.json["table_error"])) == is_kept
    run("run", NAME, "--refresh", "--pages", "1")
    assert Shown(instance, ALL_KNOWN).status == FAILED, "it has not looked for pages"
    site.shop.control(pages=6)
    assert run("run", NAME, "--refresh").code == 0
    assert Shown(instance, ALL_KNOWN).status == PASSED
    assert site.places.table.read_bytes() != before
    assert len(pd.read_parquet(site.places.table)) == 120


def test_the_web_ui_is_told_which_check_of_the_pages_keeps_a_table_out(site: Site):
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"failed_pages": 0}, set()),
        ({"failed_pages": 0, "on_failure": "keep_old_table"}, {NOT_FAILED}),
        ({"on_failure": "keep_old_table"}, set()),
        ({"on_failure": "keep_old_table"}, {ALL_KNOWN}),
    ]
    for checks, blocking in cases:
        length: dict[str, Any] = {"pages": "open"} if ALL_KNOWN in blocking else {"last_page": 3}
        catalogue = site.write(checks=checks, **length)
        graph = CatalogueComponent(catalogue).build_defs().get_repository_def().asset_graph
        specs = {
            key.name: graph.get_check_spec(key)
            for key in graph.asset_check_keys
            if key.asset_key == plain_pages_key(NAME)
        }
        assert set(specs) - {ALL_KNOWN} == {NOT_FAILED, NO_REPEATS, NOT_EMPTY}
        assert (ALL_KNOWN in specs) == ("pages" in length)
        assert {name for name, spec in specs.items() if spec.blocking} == blocking
        assert all(spec.description for spec in specs.values())


def test_what_was_taken_along_from_a_waiting_run_leaves_no_check_of_it_open(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    site.shop.control(faults=["1=404"])
    tags = {BACKFILL_TAG: "one"}
    leader, other = (create_run(instance, catalogue, page, page, tags=tags) for page in (1, 3))
    wait_in_queue(instance, other)
    assert not execute(instance, catalogue, leader).is_success
    shown = Shown(instance, NOT_FAILED)
    assert (shown.run_id, shown.status, shown.pages) == (other.run_id, FAILED, ["1"])
