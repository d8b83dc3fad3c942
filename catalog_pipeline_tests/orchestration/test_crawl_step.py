"""What a run means for a crawl: its pages, its cut-off, its end."""

from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.crawling.plan import parse_cutoff
from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.checkpoints import read_checkpoints, read_statuses
from catalog_pipeline.orchestration.instance import open_instance
from catalog_pipeline.orchestration.local_run import crawl_here
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, pages_key
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, data_folder
from catalog_pipeline_tests.orchestration.runs import create_run, execute, step_failure
from catalog_pipeline_tests.site import NAME, Site

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
    assert read_statuses(instance, NAME, catalogue.pages).done == {1, 2, 3, 4, 5}
    marks = {p: s.carried_over for p, s in read_checkpoints(instance, NAME, range(1, 6)).items()}
    assert marks == {1: True, 2: False, 3: True, 4: False, 5: True}


def test_a_new_run_downloads_its_pages_again(site: Site, instance: dg.DagsterInstance):
    """Its cut-off is its own creation: Materialize → All in the web UI is a refresh."""
    catalogue = site.write(last_page=2)
    for _ in range(2):
        run = execute(instance, catalogue, create_run(instance, catalogue, 1, 2))
        assert run.status == SUCCESS
    assert site.shop.hits()["not_modified"] == {"1": 1, "2": 1}


def test_a_page_done_while_the_run_waited_is_not_downloaded_by_it(
    site: Site, instance: dg.DagsterInstance
):
    """Two launches over overlapping pages: the one that was queued takes what is left."""
    catalogue = site.write(last_page=4)
    waiting = create_run(instance, catalogue, 1, 4)
    execute(instance, catalogue, create_run(instance, catalogue, 2, 3))
    assert execute(instance, catalogue, waiting).status == SUCCESS
    assert site.downloads() == {1: 1, 2: 1, 3: 1, 4: 1}


def test_an_explicit_cut_off_is_the_one_that_counts(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, [1], None)
    between = datetime.now(timezone.utc)
    crawl_here(instance, catalogue, [2], None)
    site.shop.control(reset_hits=True)
    config = {"cutoff": between.isoformat()}
    execute(instance, catalogue, create_run(instance, catalogue, 1, 2, config=config))
    assert site.shop.hits()["not_modified"] == {"1": 1}
    assert site.downloads() == {}


def test_a_damaged_file_is_no_page_whatever_its_checkpoint_says(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    began = datetime.now(timezone.utc).isoformat()
    crawl_here(instance, catalogue, [1, 2, 3], None)
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
    crawl_here(instance, catalogue, [1, 2, 3], None)
    monkeypatch.setenv(DATA_VARIABLE, str(data_folder()))
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "another_home"))
    site.shop.control(reset_hits=True)
    with open_instance() as another:
        assert crawl_here(another, catalogue, [1, 2, 3], None).status == SUCCESS
        assert read_statuses(another, NAME, catalogue.pages).done == {1, 2, 3}
        assert all(s.carried_over for s in read_checkpoints(another, NAME, [1, 2, 3]).values())
    assert site.shop.log() == []


def test_a_scattered_set_is_planned_so_that_its_failures_are_seen(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=9)
    site.shop.control(faults=["4=404"])
    crawl = crawl_here(instance, catalogue, [2, 4, 8, 9], None)
    statuses = read_statuses(instance, NAME, catalogue.pages)
    assert statuses.failed == {4: crawl.run_id}
    assert (statuses.done, statuses.missing) == ({2, 8, 9}, {1, 3, 5, 6, 7})
    planned = instance.all_logs(
        crawl.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    )
    assert {e.get_dagster_event().partition for e in planned} >= {"2", "4", "8", "9"}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"pages": "2,7"}, "shop has no page 7; it has pages 1-3."),
        ({"pages": "two"}, "is no list of pages"),
        ({"cutoff": "yesterday"}, "'yesterday' is no ISO 8601 time"),
        ({"cutoff": "2026-01-01T00:00"}, "names no time zone; add one, such as +00:00."),
    ],
)
def test_a_config_that_makes_no_sense_fails_the_run_with_a_sentence(
    site: Site, instance: dg.DagsterInstance, config: dict[str, str], sentence: str
):
    catalogue = site.write(last_page=3)
    run = execute(instance, catalogue, create_run(instance, catalogue, 1, 3, config=config))
    assert run.status == FAILURE
    assert sentence in step_failure(instance, run)
    assert site.shop.log() == []


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


def test_failed_pages_may_be_retried_by_the_daemon(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    site.shop.control(faults=["1=404"])
    run = execute(instance, catalogue, create_run(instance, catalogue, 1, 2))
    assert MAX_RETRIES_TAG not in run.tags


@pytest.mark.parametrize(
    "text", ["2026-01-31T06:00:00Z", "2026-01-31T07:00+01:00", "2026-01-31T06:00:00.000000+00:00"]
)
def test_cut_offs_are_read_in_utc(text: str):
    assert parse_cutoff(text) == datetime(2026, 1, 31, 6, 0, tzinfo=timezone.utc)


def test_a_cut_off_needs_a_zone():
    with pytest.raises(UsageError, match="names no time zone"):
        parse_cutoff("2026-01-31T06:00")


@pytest.mark.parametrize("partitions", [["2"], None], ids=["the page", "the whole asset"])
def test_a_wiped_page_is_downloaded_again(
    site: Site, instance: dg.DagsterInstance, partitions: list[str] | None
):
    """Its file is still there, but whoever wipes a page does not want it back from the disk."""
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, [1, 2], None)
    if partitions is None:
        instance.wipe_assets([pages_key(NAME)])
    else:
        instance.wipe_asset_partitions(pages_key(NAME), partitions)
    site.shop.control(reset_hits=True)
    crawl_here(instance, catalogue, [2], None)
    assert site.downloads() == {2: 1}
