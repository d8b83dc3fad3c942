"""`catalog-pipeline status`: what the instance knows of every page."""

import json
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from dagster import AssetMaterialization, AssetObservation, DagsterInstance

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli import grids
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.orchestration.checkpoints.metadata import metadata_of_page
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.names import pages_key, products_key
from catalog_pipeline.orchestration.runs.row_ages import row_ages, rows_fresh
from catalog_pipeline.places import HOME_VARIABLE
from catalog_pipeline_tests.command import running
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site, bundled_attributes
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.processes

LOGIN = {"username_env": "SHOP_USER", "password_env": "SHOP_PASSWORD"}


@pytest.fixture
def broken(site: Site, run: Run) -> Site:
    """A catalogue of six pages, of which one failed, one was empty and one was not tried."""
    site.write(last_page=6)
    site.shop.control(faults=["2=500", "3=empty"])
    run("run", NAME, "--pages", "1-5")
    return site


def _of(answer, name: str = NAME) -> dict:
    return next(each for each in answer.json if each["catalogue"] == name)


def test_pages_are_counted_by_status_with_times_and_rows(broken: Site, run: Run):
    found = _of(run("status", "--json"))
    counts = {name: found[name] for name in ("total", "done", "failed", "missing", "in_progress")}
    assert counts == {"total": 6, "done": 3, "failed": 2, "missing": 1, "in_progress": 0}
    assert (found["failed_pages"], found["missing_pages"]) == ("2-3", "6")
    assert found["table_rows"] == 60
    assert found["oldest_fetch"] <= found["newest_fetch"]


def test_rows_are_as_old_as_their_fetch_whatever_was_tried_since(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    first = _of(run("status", "--json"))
    site.shop.control(faults=["2=404"])
    run("run", NAME, "--refresh")
    site.write(last_page=2, coverage={"stale_after_hours": 1e-9})
    found = _of(run("status", "--json"))
    assert (first["stale"], found["stale"]) == (0, 2)
    assert found["oldest_fetch"] < found["newest_fetch"]
    assert first["oldest_fetch"] <= found["oldest_fetch"] <= first["newest_fetch"]
    assert "stale: the rows of 2 pages are older" in run("status", NAME).out


def test_pages_of_a_clock_that_was_ahead_are_told_and_their_rows_are_not_called_fresh(
    site: Site, run: Run, instance: DagsterInstance
):
    catalogue = site.write(last_page=2)
    run("run", NAME)
    assert _of(run("status", "--json"))["ahead"] == 0
    stored = read_checkpoints(instance, catalogue, catalogue.pages)[PageKey(2)]
    later = stored.record.fetched_at + timedelta(days=5)
    ahead = replace(stored, record=replace(stored.record, fetched_at=later))
    key, metadata = pages_key(catalogue), metadata_of_page(ahead)
    instance.report_runless_asset_event(AssetMaterialization(key, partition="2", metadata=metadata))
    assert _of(run("status", "--json"))["ahead"] == 1
    told = run("status", NAME).out
    assert "in 5 days" in told
    assert f"{NAME}: 1 page fetched at times that are still to come" in told
    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    ages = row_ages(catalogue, checkpoints, datetime.now(timezone.utc))
    result = rows_fresh(catalogue, ages)
    assert (result.passed, ages.stale) == (False, ())
    assert "pages 2 were fetched at times that are still to come" in str(result.description)


def test_every_catalogue_is_shown_even_before_its_first_crawl(site: Site, run: Run):
    answer = run("status")
    assert answer.code == 0
    bundled = ("books_toscrape", "catalog108", "sandbox", "sandbox_members", "sandbox_open")
    for name in (*bundled, NAME):
        assert name in answer.out
    assert "none" in answer.out


def test_one_file_with_a_mistake_leaves_the_others_as_they_are(site: Site, run: Run):
    site.write(name="good")
    with suppress(CatalogueError):
        site.write(key="sku")
    answer = run("status")
    assert answer.code == 0
    assert "good" in answer.out
    assert answer.err.startswith(f"Error: Catalogue {NAME}, ")
    machine = run("status", "--json")
    assert _of(machine, "good")["total"] == 12
    assert _of(machine)["error"].startswith(f"Catalogue {NAME}, ")
    assert run("status", NAME).code == 2


def test_the_failed_pages_are_named_with_all_that_is_known(broken: Site, run: Run):
    failures = {each["page"]: each for each in _of(run("status", "--failed", "--json"))["failures"]}
    assert list(failures) == [2, 3]
    assert (failures[2]["http_status"], failures[2]["attempts"]) == (500, 4)
    assert (failures[3]["http_status"], failures[3]["attempts"]) == (200, 1)
    assert failures[3]["kind"] == "no_product"
    assert failures[2]["failed_at"].endswith("+00:00")

    text = run("status", NAME, "--failed").out
    assert "shop: 2 failed pages" in text
    assert f"{broken.shop.url}/products?page=2: the server answered 500" in " ".join(text.split())
    assert "s ago" in text


def test_a_failed_page_that_came_in_later_is_no_longer_listed(broken: Site, run: Run):
    broken.shop.control(faults=["3=empty"])
    run("run", NAME)
    found = _of(run("status", NAME, "--failed", "--json"))
    assert [failure["page"] for failure in found["failures"]] == [3]


def test_pages_of_a_run_that_gave_up_are_told_from_pages_with_an_error(site: Site, run: Run):
    site.write(last_page=12, politeness={"stop_window": 4, "concurrency": 1, "max_attempts": 1})
    site.shop.control(faults=[f"{page}=404" for page in range(1, 13)])
    run("run", NAME)
    text = run("status", NAME, "--failed").out
    assert "12 failed pages" in text
    text = " ".join(text.split())
    assert "Not stored when the run failed: 8 more pages." in text
    (reason,) = _of(run("status", NAME, "--failed", "--json"))["run_failures"]
    assert "404" in reason
    assert reason in text


def test_pages_that_another_yaml_parsed_are_counted_and_named_until_they_are_parsed_again(
    site: Site, run: Run
):
    site.write(last_page=3)
    run("run", NAME)
    assert _of(run("status", NAME, "--json"))["to_parse_again"] == 0
    fields = dict(bundled_attributes("sandbox")["fields"])
    fields.pop("category")
    site.write(last_page=3, fields=fields)
    found = _of(run("status", NAME, "--json"))
    assert (found["to_parse_again"], found["pages_to_parse_again"]) == (3, "1-3")
    assert "to be parsed again: 3" in " ".join(run("status", NAME).out.split())
    site.shop.control(reset_hits=True)
    run("run", NAME, "--pages", "2")
    assert _of(run("status", NAME, "--json"))["pages_to_parse_again"] == "1,3"
    run("run", NAME)
    assert _of(run("status", NAME, "--json"))["to_parse_again"] == 0
    assert site.downloads() == {}


def test_nothing_failed_is_said_so(site: Site, run: Run):
    assert "shop: no failed pages" in run("status", NAME, "--failed").out


def test_the_status_is_the_one_that_the_web_ui_shows(
    broken: Site, run: Run, instance: DagsterInstance
):
    from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

    from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset
    from catalog_pipeline.orchestration.names import plain_pages_key

    partitions = build_pages_asset(broken.catalogue, CrawlContext()).partitions_def
    assert partitions is not None
    shown = get_and_update_asset_status_cache_value(instance, plain_pages_key(NAME), partitions)
    assert shown is not None
    found = _of(run("status", NAME, "--json"))
    assert len(shown.deserialize_materialized_partition_subsets(partitions)) == found["done"]
    failed = shown.deserialize_failed_partition_subsets(partitions)
    assert sorted(failed.get_partition_keys()) == ["2", "3"]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_names_and_counts_are_whole_at_any_width(
    broken: Site, run: Run, monkeypatch: pytest.MonkeyPatch, width: int
):
    monkeypatch.setattr(grids, "_WIDTH_OF_FILES", width)
    text = run("status").out
    assert max(len(line) for line in text.splitlines()) <= width
    for word in ("books_toscrape", "sandbox_members", "Catalogue", "Missing", "Oldest fetch"):
        assert word in text


def test_an_error_of_an_earlier_run_is_not_told_of_the_present_failure(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    site.write(last_page=2)
    site.shop.control(faults=["2=404"])
    assert "answered 404" in run("run", NAME).out
    monkeypatch.setenv("SHOP_USER", "nobody")
    monkeypatch.setenv("SHOP_PASSWORD", "wrong")
    login = {**LOGIN, "kind": "form", "page": "/members/login", "error": ".login-error"}
    site.write(last_page=2, login=login)
    failed = run("run", NAME)
    assert "did not accept the login" in failed.out
    assert "answered 404" not in failed.out
    text = run("status", NAME, "--failed").out
    assert "1 failed page\n" in text
    assert "answered 404" not in text


def test_a_folder_that_cannot_be_used_hides_no_other_catalogue(site: Site, run: Run):
    site.places.folder.parent.mkdir()
    site.places.folder.symlink_to("nowhere")
    sentence = "shop is a link to nowhere, which is not there"
    answer = run("status")
    assert sentence in answer.err
    assert "books_toscrape" in answer.out
    assert sentence in _of(run("status", "--json"))["error"]
    alone = run("status", NAME)
    assert (alone.code, sentence in alone.err) == (1, True)


def test_partitions_that_name_no_page_are_told(site: Site, run: Run, instance: DagsterInstance):
    catalogue = site.write(last_page=1)
    run("run", NAME)
    assert _of(run("status", NAME, "--json"))["strange_partitions"] == []
    names = ["soon", "²", "[red]", *(f"page {number}" for number in range(3))]
    for partition in names:
        event = AssetMaterialization(pages_key(catalogue), partition=partition)
        instance.report_runless_asset_event(event)
    seen = AssetObservation(pages_key(catalogue), partition="seen")
    instance.report_runless_asset_event(seen)
    found = _of(run("status", NAME, "--json"))
    assert found["strange_partitions"] == sorted([*names, "seen"])
    assert (found["total"], found["done"], found["failed"]) == (1, 1, 0)
    text = " ".join(run("status", NAME).out.split())
    assert "shop: partitions of its history name no page ('[red]', 'page 0', 'page 1'," in text
    assert "and 2 more); they are in no count and no table." in text


def test_pages_outside_of_the_catalogue_are_told_and_leave_the_table(
    site: Site, run: Run, instance: DagsterInstance
):
    site.write(last_page=4)
    run("run", NAME)
    assert _of(run("status", NAME, "--json"))["outside"] == 0
    catalogue = site.write(last_page=2)
    event = AssetMaterialization(pages_key(catalogue), partition="phones-1")
    instance.report_runless_asset_event(event)

    found = _of(run("status", NAME, "--json"))
    assert (found["total"], found["done"]) == (2, 2)
    assert (found["outside"], found["outside_pages"]) == (3, "3-4,phones-1")
    assert found["outside_in_table"]
    text = " ".join(run("status", NAME).out.split())
    assert "shop: 3 pages outside of the catalogue: 3-4,phones-1; they are in no count" in text
    assert "leaves it with its next build (catalog-pipeline run shop)" in text

    assert run("run", NAME, "--json").json["rows"] == 40
    found = _of(run("status", NAME, "--json"))
    assert (found["outside_pages"], found["outside_in_table"]) == ("3-4,phones-1", False)
    assert "and nothing of them is in the table." in " ".join(run("status", NAME).out.split())
    built = instance.get_latest_materialization_event(products_key(catalogue))
    assert built is not None
    assert built.asset_materialization is not None
    assert built.asset_materialization.metadata["pages_outside"].value == "3-4,phones-1"


def test_watched_it_is_shown_again_when_it_has_changed_until_ctrl_c(
    site: Site, instance: DagsterInstance
):
    site.write(last_page=2)
    with running("status", NAME, "--watch", "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        observed = AssetMaterialization(pages_key(site.catalogue), partition="elsewhere_1-x")
        instance.report_runless_asset_event(observed)
        second = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert (first[0]["strange_partitions"], second[0]["strange_partitions"]) == (
        [],
        ["elsewhere_1-x"],
    )


def test_after_an_edit_that_leaves_the_pages_to_crawls_status_says_what_is_true(
    site: Site, run: Run
):
    site.write(last_page=3)
    run("run", NAME)
    site.write(pages="open")
    site.shop.control(pages=3)
    text = " ".join(run("status", NAME).out.split())
    assert "3 pages are stored and known as none of the catalogue's: " in text
    assert "they count as soon as one does" in text
    assert "the catalogue has other pages than when it was built" in text
    assert "wiped" not in text
    assert "outside" not in text
    run("run", NAME)
    told = run("status", NAME, "--json").json[0]
    assert (told["done"], told["unfound"], told["outside"], told["table_outdated"]) == (
        3, 0, 0, None,
    )  # fmt: skip
    site.write(last_page=3)
    assert run("status", NAME, "--json").json[0]["table_outdated"] is None


def test_a_page_that_was_wiped_is_missing_and_not_said_to_be_taken_from_its_file(
    site: Site, run: Run, instance: DagsterInstance
):
    catalogue = site.write(last_page=3)
    run("run", NAME)
    instance.wipe_asset_partitions(pages_key(catalogue), ["2"])
    told = run("status", NAME, "--json").json[0]
    assert (told["missing_pages"], told["unrecorded"], told["unrecorded_pages"]) == ("2", 0, "")
    assert "without a download" not in run("status", NAME).out
    assert run("run", NAME, "--json").json["downloads"] == 1


def test_in_another_home_status_says_that_pages_are_stored(
    site: Site, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    site.write(last_page=3)
    run("run", NAME)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    text = " ".join(run("status", NAME).out.split())
    assert "shop: 3 missing pages are stored, and nothing is recorded of that here: 1-3" in text
    there = f"shop: the table {site.places.table} is there, and nothing is recorded of it here"
    assert there in text
    answer = run("run", NAME, "--json").json
    assert (answer["done"], answer["downloads"]) == (3, 0)
    found = run("status", NAME, "--json").json[0]
    assert (found["unrecorded"], found["table_problem"]) == (0, None)


def test_a_table_that_is_due_and_was_never_there_is_told(site: Site, run: Run):
    """Where its build was refused, or whoever was to begin it is gone; not while pages lack."""
    checks = {"price": {"minimum": 10**6}, "on_failure": "keep_old_table"}
    site.write(last_page=2, checks=checks, coverage={"minimum": 1.0})
    assert run("run", NAME, "--pages", "1").code == 0
    assert _of(run("status", "--json"))["table_outdated"] is None
    site.write(last_page=1, checks=checks)
    assert _of(run("status", "--json"))["table_outdated"] == (
        "no build of one was begun since its pages came"
    )
    assert run("run", NAME).code == 1
    assert "which was to build it, failed" in _of(run("status", "--json"))["table_outdated"]
    out = " ".join(run("status", NAME).out.split())
    assert f"{NAME}: there is no table: run " in out
    site.write(last_page=1)
    assert run("run", NAME).code == 0
    assert _of(run("status", "--json"))["table_outdated"] is None


def test_a_table_whose_pages_were_all_wiped_is_not_said_to_be_gone(
    site: Site, run: Run, instance: DagsterInstance
):
    catalogue = site.write(last_page=2)
    run("run", NAME)
    instance.wipe_assets([pages_key(catalogue)])
    told = run("status", NAME).out
    assert "pages were wiped since it was built" in " ".join(told.split())
    assert "the table is gone" not in told
    assert run("run", NAME, "--json").json["rows"] == 40


@pytest.mark.processes
def test_of_a_table_that_somebody_has_reported_by_hand_it_is_said_that_none_is_recorded(
    site: Site, run: Run, instance: DagsterInstance
):
    catalogue = site.write(last_page=2)
    assert run("run", NAME).code == 0
    instance.report_runless_asset_event(AssetMaterialization(products_key(catalogue)))
    assert "is there, and nothing is recorded of it here" in " ".join(
        run("status", NAME).out.split()
    )
    assert run("run", NAME).code == 0
    assert "nothing is recorded of it" not in " ".join(run("status", NAME).out.split())
