"""The automation of the table compares levels: whatever landed unseen causes one more build."""

import threading
import time
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.definitions import sensor
from catalog_pipeline.orchestration.definitions.products_asset import build_products_asset
from catalog_pipeline.orchestration.definitions.sensor import build_table_sensor
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life, sign_path
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    RETRIED_BY_TAG,
    WILL_RETRY_TAG,
    plain_pages_key,
    products_key,
)
from catalog_pipeline.orchestration.runs import table_run
from catalog_pipeline.orchestration.runs.row_ages import ROWS_FRESH
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

SUCCESS = dg.DagsterRunStatus.SUCCESS


def _look(instance: dg.DagsterInstance, catalogue: Catalogue) -> dg.RunRequest | str:
    """What the sensor says: a request, or why there is none."""
    with dg.build_sensor_context(instance) as context:
        found = build_table_sensor(catalogue)(context)
    if isinstance(found, dg.RunRequest):
        return found
    assert isinstance(found, dg.SkipReason)
    return str(found.skip_message)


def test_a_build_is_asked_for_when_pages_landed_and_not_twice(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    assert _look(instance, catalogue) == "No page has been crawled yet."
    crawl_here(instance, catalogue, keys(1, 2), None)
    first, again = _look(instance, catalogue), _look(instance, catalogue)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key

    assert build_table_here(instance, catalogue).status == SUCCESS
    assert _look(instance, catalogue) == "The table holds all pages that have landed."
    crawl_here(instance, catalogue, keys(3), None)
    later = _look(instance, catalogue)
    assert isinstance(later, dg.RunRequest)
    assert later.run_key != first.run_key


def test_a_page_that_lands_during_a_build_causes_one_more(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1), None)
    real = table_run.build_table

    def slow_build(*arguments: Any, **options: Any) -> object:
        """The pages to use are chosen already; now another one lands."""
        thread = threading.Thread(target=crawl_here, args=(instance, catalogue, keys(2), None))
        thread.start()
        thread.join()
        return real(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(table_run, "build_table", slow_build)
        assert build_table_here(instance, catalogue).status == SUCCESS
    assert _rows(site) == 20, "the page came too late for this build"

    assert isinstance(_look(instance, catalogue), dg.RunRequest)
    build_table_here(instance, catalogue)
    assert _rows(site) == 40
    assert _look(instance, catalogue) == "The table holds all pages that have landed."


def test_a_build_that_ends_while_one_looks_is_not_asked_for_once_more(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    catalogue = site.write(last_page=1)
    crawl_here(instance, catalogue, keys(1), None)

    def look_at_runs_while_one_ends(*arguments: Any) -> None:
        build_table_here(instance, catalogue)

    monkeypatch.setattr(sensor, "_run_in_progress", look_at_runs_while_one_ends)
    assert _look(instance, catalogue) == "The table holds all pages that have landed."


def _rows(site: Site) -> int:
    from catalog_pipeline.tables.preview import read_summary

    return read_summary(site.places.table).rows


def test_no_build_is_asked_for_while_a_crawl_is_on(site: Site, instance: dg.DagsterInstance, home):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1), None)
    run = create_run(instance, catalogue, 2, 2)
    with hold_sign_of_life(home, run.run_id):
        expected = f"Run {run.run_id} of this catalogue is in progress."
        assert _look(instance, catalogue) == expected


def test_a_dead_run_does_not_hold_up_the_table(site: Site, instance: dg.DagsterInstance, home):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1), None)
    run = create_run(instance, catalogue, 2, 2)
    sign_path(home, run.run_id).write_text("{}")
    assert isinstance(_look(instance, catalogue), dg.RunRequest)


@pytest.fixture
def built(site: Site, instance: dg.DagsterInstance) -> Site:
    """A catalogue of three pages whose table is up to date."""
    catalogue = site.write(last_page=3)
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    build_table_here(instance, catalogue)
    assert isinstance(_look(instance, catalogue), str)
    return site


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda site, i: site.table_file.unlink(), id="table deleted"),
        pytest.param(
            lambda site, i: i.wipe_asset_partitions(plain_pages_key(NAME), ["2"]), id="page wiped"
        ),
        pytest.param(lambda site, i: site.write(last_page=2), id="catalogue shrank"),
        pytest.param(lambda site, i: site.write(last_page=4), id="catalogue grew"),
        pytest.param(
            lambda site, i: site.write(last_page=3, product="article.product-card:not(.x)"),
            id="definition changed",
        ),
    ],
)
def test_whatever_makes_the_table_outdated_causes_a_build(
    built: Site, instance: dg.DagsterInstance, change: Callable[[Site, dg.DagsterInstance], None]
):
    change(built, instance)
    assert isinstance(_look(instance, built.catalogue), dg.RunRequest)


def test_the_automation_is_on_without_a_human_hand(site: Site):
    sensor = build_table_sensor(site.catalogue)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 5


def test_a_build_that_failed_is_left_alone_for_a_while_and_then_asked_for_again(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    """Dagster runs a key only once, and the pages behind it may stay as they are for long."""
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1), None)
    first = _look(instance, catalogue)
    assert isinstance(first, dg.RunRequest)
    failed = _build_that_died(instance, catalogue)
    assert _look(instance, catalogue) == (
        f"The build of run {failed.run_id} failed; trying again later."
    )
    monkeypatch.setattr(sensor, "SECONDS_AFTER_A_FAILURE", 0.0)
    again = _look(instance, catalogue)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key != first.run_key


def _build_that_died(instance: dg.DagsterInstance, catalogue: Catalogue) -> dg.DagsterRun:
    definitions = dg.Definitions(assets=[build_products_asset(catalogue)])
    run = instance.create_run_for_job(
        definitions.resolve_implicit_global_asset_job_def(),
        tags={CATALOGUE_TAG: catalogue.name},
        asset_selection=frozenset({products_key(catalogue)}),
    )
    instance.report_run_failed(run)
    return run


def test_a_build_whose_pages_are_too_few_is_asked_for_again_when_there_are_more(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sensor, "SECONDS_AFTER_A_FAILURE", 0.0)
    catalogue = site.write(last_page=3, coverage={"minimum": 1.0})
    crawl_here(instance, catalogue, keys(1), None)
    refused = build_table_here(instance, catalogue)
    assert refused.status == dg.DagsterRunStatus.FAILURE
    assert _look(instance, catalogue) == (
        f"The table was refused in run {refused.run_id}, and nothing is new."
    )
    assert isinstance(_look(instance, site.write(last_page=3)), dg.RunRequest)
    crawl_here(instance, catalogue, keys(2), None)
    assert isinstance(_look(instance, catalogue), dg.RunRequest)


def test_rows_that_come_to_be_stale_while_nothing_is_built_fail_their_check(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1, 2), None)
    assert build_table_here(instance, catalogue).status == SUCCESS
    key = dg.AssetCheckKey(products_key(catalogue), ROWS_FRESH)

    def looks(cursor: str | None) -> tuple[str | None, list[bool]]:
        with dg.build_sensor_context(instance, cursor=cursor) as context:
            build_table_sensor(catalogue)(context)
            cursor = context.cursor
        storage = instance.event_log_storage
        history = storage.get_asset_check_execution_history(key, limit=10)
        return cursor, [each.status.value == "SUCCEEDED" for each in history]

    cursor, passed = looks(None)
    assert passed == [True]
    assert looks(cursor) == (cursor, [True])
    # So it is once the time has come that the cursor speaks of.
    assert cursor is not None
    newest, _, stale_at = cursor.partition("/")
    assert float(stale_at) > time.time()
    catalogue = site.write(last_page=2, coverage={"stale_after_hours": 1e-6})
    cursor, passed = looks(f"{newest}/{time.time() - 1}")
    assert passed == [False, True]
    assert looks(cursor) == (cursor, [False, True])


def test_no_table_is_built_between_a_run_and_its_retry(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=3)
    crawl_here(instance, catalogue, keys(1, 2), None)
    run = create_run(instance, catalogue, 3, 3)
    instance.report_run_failed(run)
    instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "true"})
    assert _look(instance, catalogue) == (
        f"Run {run.run_id} of this catalogue is about to be retried."
    )
    instance.add_run_tags(run.run_id, {RETRIED_BY_TAG: "another"})
    assert isinstance(_look(instance, catalogue), dg.RunRequest)


@pytest.mark.parametrize(
    "edited", [{"last_page": 3}, {"fields": {"product_id": {"select": "h2"}}, "key": "product_id"}]
)
def test_a_yaml_that_was_edited_and_not_reloaded_is_said_and_builds_no_table_for_ever(
    site: Site, instance: dg.DagsterInstance, edited: dict[str, Any]
):
    loaded = site.write(last_page=4)
    crawl_here(instance, loaded, keys(1, 2, 3, 4), None)
    assert build_table_here(instance, loaded).status == SUCCESS
    of_today = site.write(last_page=4, **edited) if "fields" in edited else site.write(**edited)
    assert build_table_here(instance, of_today).status == SUCCESS
    asked = _look(instance, loaded)
    assert isinstance(asked, dg.RunRequest), "nobody knows yet what the build will read"
    _build_as_asked(instance, of_today, asked)
    assert "Reload the definitions" in str(_look(instance, loaded))

    site.table_file.unlink()
    assert isinstance(_look(instance, loaded), dg.RunRequest), "what is gone is made again"
    _build_as_asked(instance, of_today, asked)
    assert "Reload the definitions" in str(_look(instance, loaded))
    assert "holds all pages" in str(_look(instance, of_today)), "as after a reload"


def _build_as_asked(
    instance: dg.DagsterInstance, catalogue: Catalogue, request: dg.RunRequest
) -> None:
    """The run of a request, which reads the YAML of today."""
    definitions = dg.Definitions(assets=[build_products_asset(catalogue)])
    build = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=list(request.asset_selection or ()),
        tags={**request.tags},
    )
    assert build.success
