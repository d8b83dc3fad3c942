"""Storages that a `dagster.yaml` names one by one, as the one of Dagster's chart does."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun

from catalog_pipeline.catalogue.finding import FILE_NAME
from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.commands.checking import cautions_in
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.instance.asking import table_history
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres.address import check_storage_settings
from catalog_pipeline.orchestration.instance.postgres.parts import EventLog
from catalog_pipeline.orchestration.instance.postgres.server_history import ServerHistory
from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.histories import JOB, KINDS, PAGES, Clock, RunHistory
from catalog_pipeline_tests.orchestration.instance.postgres.hosts import settings_of_chart
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.postgres_server import SETTINGS, Database
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


@pytest.fixture
def home_of_chart(no_home: Path, database: Database) -> Path:
    """A home with these settings, in a database of the test's."""
    no_home.mkdir()
    (no_home / SETTINGS_NAME).write_text(settings_of_chart())
    return no_home


def test_storages_that_are_named_one_by_one_are_one_instance(
    home_of_chart: Path, database: Database
) -> None:
    run = RunHistory(Clock())
    with open_instance() as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        instance.add_run(DagsterRun(JOB, run_id=run.run_id))
        instance.event_log_storage.store_event_batch(
            [*run.started(), run.materialized(PAGES, "1", "v"), *run.succeeded()]
        )
        again = dg.DagsterInstance.from_ref(instance.get_ref())
        assert again.event_log_storage.get_materialized_partitions(PAGES) == {"1"}
        assert [each.run_id for each in again.get_runs()] == [run.run_id]
        again.dispose()
    with open_instance() as instance:
        assert instance.all_instigator_state() == []
        assert len(instance.all_logs(run.run_id, of_type=KINDS.ASSET_MATERIALIZATION)) == 1
    assert database.rows("SELECT count(*) FROM runs") == [(1,)]


def test_a_home_by_the_chart_is_known_to_be_in_postgresql(
    home_of_chart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What asks the tables without Dagster, and what looks for variables that are not set."""
    with table_history(home_of_chart) as past:
        assert isinstance(past, ServerHistory)
    check_storage_settings(home_of_chart)
    monkeypatch.delenv("DAGSTER_PG_PASSWORD")
    with pytest.raises(UsageError, match="and DAGSTER_PG_PASSWORD is not set"), open_instance():
        pass


def test_a_history_is_moved_to_a_database_that_a_home_names_as_the_chart_does(
    home: Path, database: Database, run: Run
) -> None:
    past = RunHistory(Clock())
    with open_instance() as instance:
        instance.add_run(DagsterRun(JOB, run_id=past.run_id))
    (home / SETTINGS_NAME).write_text(settings_of_chart())
    answer = run("migrate")
    assert answer.code == 0, answer.err
    with open_instance() as instance:
        assert [each.run_id for each in instance.get_runs()] == [past.run_id]


@pytest.mark.parametrize("settings", [None, SETTINGS.read_text(), settings_of_chart()])
def test_that_several_runs_are_asked_for_in_vain_is_said_where_the_home_is_in_files(
    site: Site, home: Path, database: Database, settings: str | None
) -> None:
    """Before a crawl, and in its log."""
    catalogue = site.write(last_page=1, runs_at_once=3)
    if settings is not None:
        (home / SETTINGS_NAME).write_text(settings)
    cautions = " ".join(map(str, cautions_in(site.folder / site.name / FILE_NAME)))
    with open_instance() as instance:
        ended = crawl_here(instance, catalogue, keys(1), None)
        log = " ".join(entry.user_message for entry in instance.all_logs(ended.run_id))
    said = ["several need" in cautions, "several need an instance in PostgreSQL" in log]
    assert said == [settings is None] * 2
