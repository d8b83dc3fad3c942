"""A backfill of scattered pages: one of its runs takes the pages of those that wait along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import BACKFILL_TAG, MAX_RETRIES_TAG, RETRY_NUMBER_TAG
from catalog_pipeline.orchestration.runs.companions import waiting_companions
from catalog_pipeline_tests.orchestration.made_runs import (
    as_it_is,
    create_run,
    execute,
    grid,
    wait_in_queue,
)
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
QUEUED = dg.DagsterRunStatus.QUEUED
OF_ONE = {BACKFILL_TAG: "one"}


def launch(
    instance: dg.DagsterInstance, catalogue: Catalogue, *ranges: tuple[int, int]
) -> list[dg.DagsterRun]:
    """The runs of a backfill: the first is about to begin, the others wait."""
    first, *others = [create_run(instance, catalogue, *ends, tags=OF_ONE) for ends in ranges]
    return [first, *(wait_in_queue(instance, run) for run in others)]


def ends(instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun]) -> list[dg.DagsterRunStatus]:
    return [as_it_is(instance, run).status for run in runs]


@pytest.mark.processes
def test_one_run_takes_the_pages_of_the_waiting_runs_of_its_backfill_along(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=9)
    site.shop.control(faults=["4=404"])
    leader, *others = launch(instance, catalogue, (2, 2), (4, 4), (6, 7), (9, 9))
    assert execute(instance, catalogue, leader).status == FAILURE
    assert ends(instance, others) == [FAILURE, SUCCESS, SUCCESS]
    assert site.downloads() == dict.fromkeys([2, 4, 6, 7, 9], 1)
    done = dict.fromkeys(["2", "6", "7", "9"], "MATERIALIZED")
    assert grid(instance, catalogue) == {**done, "4": "FAILED"}
    failed = as_it_is(instance, others[0])
    assert failed.tags[MAX_RETRIES_TAG] == "0"
    told = [entry.user_message or entry.message for entry in instance.all_logs(failed.run_id)]
    assert any(leader.run_id in line and "404" in line for line in told)


@pytest.mark.processes
def test_a_retry_takes_the_pages_of_its_companions_along_that_may_pass_and_no_others(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=9)
    site.shop.control(faults=["3=500", "5=404", "8=500"])
    leader, *others = launch(instance, catalogue, (1, 3), (5, 5), (7, 8))
    failed = execute(instance, catalogue, leader)
    assert ends(instance, others) == [FAILURE, FAILURE]
    site.shop.control(faults=["5=404"], reset_hits=True)
    tags = {**failed.tags, RETRY_NUMBER_TAG: "1"}
    retry = create_run(instance, catalogue, 3, 3, retry_of=failed, tags=tags)
    execute(instance, catalogue, retry)
    assert site.downloads() == {3: 1, 8: 1}
    shown = grid(instance, catalogue)
    assert [page for page, status in shown.items() if status != "MATERIALIZED"] == ["5"]
    assert shown["5"] == "FAILED"


@pytest.mark.processes
def test_a_site_that_is_down_is_run_into_by_one_run_of_a_backfill(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(politeness={"stop_window": 5, "max_attempts": 1})
    site.shop.control(faults=[f"{page}=500" for page in catalogue.pages])
    leader, *others = launch(instance, catalogue, (1, 3), (5, 7), (9, 12))
    assert execute(instance, catalogue, leader).status == FAILURE
    assert ends(instance, others) == [FAILURE, FAILURE]
    assert set(grid(instance, catalogue).values()) == {"FAILED"}


def test_runs_that_ask_for_something_else_are_not_taken_along(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=9)
    leader, mate = launch(instance, catalogue, (1, 1), (3, 3))
    make: list[dict[str, Any]] = [
        {"tags": {BACKFILL_TAG: "another"}},
        {"tags": {}},
        {"tags": OF_ONE, "config": {"reparse": True}},
    ]
    for how in make:
        wait_in_queue(instance, create_run(instance, catalogue, 5, 5, **how))
    create_run(instance, catalogue, 7, 7, tags=OF_ONE)
    found = waiting_companions(instance, leader, catalogue, keys(1))
    assert [each.run_id for each in found] == [mate.run_id]
    alone = create_run(instance, catalogue, 1, 1)
    assert waiting_companions(instance, alone, catalogue, keys(1)) == ()


def test_no_more_pages_are_taken_along_than_one_run_may_have(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=9, pages_per_run=3)
    leader, first, _, third = launch(instance, catalogue, (1, 1), (3, 3), (5, 6), (8, 8))
    found = waiting_companions(instance, leader, catalogue, keys(1))
    assert [each.run_id for each in found] == [first.run_id, third.run_id]
