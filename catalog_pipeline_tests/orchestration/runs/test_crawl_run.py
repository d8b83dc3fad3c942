"""What becomes of a run's pages, and of the run: recorded, recovered, failed, retried."""

from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.names import (
    BACKFILL_TAG,
    MAX_RETRIES_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    RETRY_NUMBER_TAG,
)
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, data_address, data_folder
from catalog_pipeline_tests.cluster import place_home
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.made_runs import (
    as_it_is,
    create_run,
    execute,
    grid,
    step_failure,
)
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, QUICK, Site
from catalog_pipeline_tests.written_site import listing, written_site

pytestmark = pytest.mark.processes

FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS


def test_a_retry_takes_only_the_failed_pages_and_records_the_others_again(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=5)
    site.shop.control(faults=["2=404", "4=empty"])
    first = execute(instance, catalogue, create_run(instance, catalogue, 1, 5))
    assert first.status == FAILURE
    assert "2 pages failed: 2,4. All others are recorded." in step_failure(instance, first)

    site.shop.control(faults=[], reset_hits=True)
    retry = execute(instance, catalogue, create_run(instance, catalogue, 1, 5, retry_of=first))
    assert retry.status == SUCCESS
    assert site.downloads() == {2: 1, 4: 1}
    assert read_statuses(instance, catalogue, catalogue.pages).done == set(keys(1, 2, 3, 4, 5))
    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    marks = {page.number: stored.carried_over for page, stored in checkpoints.items()}
    assert marks == {1: True, 2: False, 3: True, 4: False, 5: True}


def test_a_damaged_file_is_no_page_whatever_its_checkpoint_says(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    began = datetime.now(timezone.utc).isoformat()
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    site.page_file(1).unlink()
    torn = site.page_file(2)
    torn.write_bytes(torn.read_bytes()[:-7])
    site.shop.control(reset_hits=True)
    config = {"cutoff": began}
    run = execute(instance, catalogue, create_run(instance, catalogue, 1, 3, config=config))
    assert run.status == SUCCESS
    assert site.downloads() == {1: 1, 2: 1}


def test_pages_that_were_stored_but_never_recorded_are_recovered_without_a_download(
    site: Site, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    catalogue = site.write(last_page=3)
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    monkeypatch.setenv(DATA_VARIABLE, data_address() or str(data_folder()))
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "another_home"))
    place_home(tmp_path / "another_home")
    site.shop.control(reset_hits=True)
    with open_instance() as another:
        assert crawl_here(another, catalogue, keys(1, 2, 3), None).status == SUCCESS
        assert read_statuses(another, catalogue, catalogue.pages).done == set(keys(1, 2, 3))
        assert all(
            s.carried_over for s in read_checkpoints(another, catalogue, keys(1, 2, 3)).values()
        )
    assert site.shop.log() == []


def test_a_scattered_set_is_planned_so_that_its_failures_are_seen(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=9)
    site.shop.control(faults=["4=404"])
    crawl = crawl_here(instance, catalogue, keys(2, 4, 8, 9), None)
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    assert statuses.failed == {PageKey(4): crawl.run_id}
    assert statuses.done == set(keys(2, 8, 9))
    assert statuses.missing == set(keys(1, 3, 5, 6, 7))
    planned = instance.all_logs(
        crawl.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    )
    assert {e.get_dagster_event().partition for e in planned} >= {"2", "4", "8", "9"}


def test_a_site_that_is_down_is_not_run_into_again_by_a_retry(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(politeness={"stop_window": 5, "max_attempts": 1})
    site.shop.control(faults=[f"{page}=500" for page in catalogue.pages])
    run = execute(instance, catalogue, create_run(instance, catalogue, 1, 12))
    assert run.status == FAILURE
    assert "the site seems to be blocked, down or changed" in step_failure(instance, run)
    assert run.tags[MAX_RETRIES_TAG] == "0"
    assert len(site.downloads()) < 12


@pytest.mark.parametrize(
    ("faults", "is_retried"),
    [
        (["1=500"], True),
        (["1=404"], False),
        (["1=empty"], False),
        (["1=404", "2=500"], True),
        (["1=404", "2=410"], False),
    ],
)
def test_the_daemon_retries_a_run_only_if_one_of_its_failures_may_pass(
    site: Site, instance: dg.DagsterInstance, faults: list[str], is_retried: bool
):
    catalogue = site.write(last_page=3)
    site.shop.control(faults=faults)
    run = execute(instance, catalogue, create_run(instance, catalogue, 1, 3))
    assert run.status == FAILURE
    assert (MAX_RETRIES_TAG not in run.tags) == is_retried


def test_a_retry_of_the_daemon_records_nothing_again_of_what_is_done(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=6)
    site.shop.control(faults=["2=500", "5=500"])
    first = execute(instance, catalogue, create_run(instance, catalogue, 1, 6))
    assert (first.tags[RANGE_START_TAG], first.tags[RANGE_END_TAG]) == ("2", "2")
    site.shop.control(faults=["5=500"])
    # As the daemon makes it: with the tags of the run that failed.
    tags = {**first.tags, RETRY_NUMBER_TAG: "1"}
    retry = execute(
        instance, catalogue, create_run(instance, catalogue, 2, 2, retry_of=first, tags=tags)
    )
    assert retry.status == FAILURE
    assert partitions(instance, retry, dg.DagsterEventType.ASSET_MATERIALIZATION) == ["2"]
    planned = partitions(instance, retry, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    assert planned == ["2", "5"]
    assert grid(instance, catalogue) == {
        str(page): "FAILED" if page == PageKey(5) else "MATERIALIZED" for page in catalogue.pages
    }
    restored = as_it_is(instance, first)
    assert (restored.tags[RANGE_START_TAG], restored.tags[RANGE_END_TAG]) == ("1", "6")

    site.shop.control(faults=[])
    by_hand = create_run(instance, catalogue, 5, 5, retry_of=retry, tags=dict(retry.tags))
    assert execute(instance, catalogue, by_hand).status == SUCCESS
    assert partitions(instance, by_hand, dg.DagsterEventType.ASSET_MATERIALIZATION) == ["5"]
    assert set(grid(instance, catalogue).values()) == {"MATERIALIZED"}


def test_a_run_of_a_backfill_records_what_another_run_has_done_while_it_waited(
    site: Site, instance: dg.DagsterInstance
):
    """For Dagster a page of a backfill has failed that no run of the backfill has recorded."""
    catalogue = site.write(last_page=4)
    waiting = create_run(instance, catalogue, 2, 4, tags={BACKFILL_TAG: "second"})
    other = create_run(instance, catalogue, 1, 3, tags={BACKFILL_TAG: "first"})
    assert execute(instance, catalogue, other).status == SUCCESS
    assert execute(instance, catalogue, waiting).status == SUCCESS
    assert site.downloads() == dict.fromkeys([1, 2, 3, 4], 1)
    recorded = partitions(instance, waiting, dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert recorded == ["2", "3", "4"]


def partitions(
    instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType
) -> list[str]:
    """Of what pages a run has events of that type."""
    entries = instance.all_logs(run.run_id, of_type=kind)
    return sorted(str(entry.get_dagster_event().partition) for entry in entries)


def test_a_retry_of_the_daemon_asks_only_for_what_may_pass(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=4)
    site.shop.control(faults=["1=404", "2=500"])
    first = execute(instance, catalogue, create_run(instance, catalogue, 1, 4))
    site.shop.control(faults=["1=404"], reset_hits=True)
    retry = create_run(instance, catalogue, 1, 4, retry_of=first, tags={RETRY_NUMBER_TAG: "1"})
    retry = execute(instance, catalogue, retry)
    assert retry.status == FAILURE
    assert site.downloads() == {2: 1}
    assert retry.tags[MAX_RETRIES_TAG] == "0"
    standing = read_standing(instance, catalogue)
    assert standing.statuses.failed.keys() == {PageKey(1)}
    assert "404" in standing.failures[PageKey(1)].message
    assert standing.statuses.done == set(keys(2, 3, 4))

    site.shop.control(faults=[], reset_hits=True)
    by_hand = execute(instance, catalogue, create_run(instance, catalogue, 1, 4, retry_of=retry))
    assert by_hand.status == SUCCESS
    assert site.downloads() == {1: 1}


@pytest.mark.parametrize("page", [3, 6])
def test_a_run_that_is_deleted_while_it_goes_is_told_and_costs_no_page(
    site: Site, instance: dg.DagsterInstance, run: Run, page: int
):
    """Amid the crawl, and at its last page, when nothing is left to stop."""
    with written_site() as made:
        made.write({number: listing(number, "old") for number in range(1, 7)})
        made.describe(site, {"name": {"select": "i"}}, politeness={**QUICK, "concurrency": 1})
        assert run("run", NAME).code == 0
        made.write({number: listing(number, "new") for number in range(1, 7)})

        def delete_the_run(path: str) -> None:
            if path.endswith(f"page={page}"):
                (latest,) = instance.get_runs(limit=1)
                instance.delete_run(latest.run_id)

        made.before_answer = delete_the_run
        answer = run("run", NAME, "--refresh", "--json")
        assert answer.code == 1
        assert "was deleted in Dagster while it went" in answer.json["crawl_error"]
        assert build_table_here(instance, site.catalogue).error is None
        assert len(pd.read_parquet(site.places.table)) == 6, "no file that stands was removed"
        made.before_answer = lambda path: None
        asked = made.asked.total()
        assert "have no file" not in run("doctor").out
        again = run("run", NAME)
        assert (again.code, made.asked.total()) == (0, asked)
        assert "Downloading again" not in again.err


def test_a_run_that_was_deleted_takes_no_page_from_the_catalogue(
    site: Site, instance: dg.DagsterInstance, run: Run
):
    with written_site() as made:
        made.write({number: listing(number, "a name") for number in range(1, 7)})
        pages = {"kind": "open", "shrink": "100%"}
        made.describe(site, {"name": {"select": "i"}}, last_page=None, pages=pages)
        assert run("run", NAME, "--json").json["done"] == 6
        for number in (5, 6):
            del made.bodies[f"/products?page={number}"]

        def delete_the_run(path: str) -> None:
            if path.endswith("page=6"):
                (latest,) = instance.get_runs(limit=1)
                instance.delete_run(latest.run_id)

        made.before_answer = delete_the_run
        answer = run("run", NAME, "--refresh", "--json").json
        assert "was deleted in Dagster while it went" in answer["crawl_error"]
        assert with_known_pages(instance, site.catalogue).pages == tuple(keys(1, 2, 3, 4, 5, 6))
        made.before_answer = lambda path: None
        assert run("run", NAME, "--refresh", "--json").json["done"] == 4
