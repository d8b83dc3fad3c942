"""Storages that a `dagster.yaml` names one by one, as the one of Dagster's chart does."""

from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.dagster_run import DagsterRun

from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres.parts import EventLog
from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.deployed import DEPLOY
from catalog_pipeline_tests.orchestration.histories import JOB, KINDS, PAGES, Clock, RunHistory
from catalog_pipeline_tests.postgres_server import Database

pytestmark = pytest.mark.processes


@pytest.fixture
def home_of_chart(no_home: Path, database: Database) -> Path:
    """A home with what the values for the chart say of storages, in a database of the test's."""
    values = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())["additionalInstanceConfig"]
    settings = {name: dict(values[name]) for name in values if name.endswith("_storage")}
    for section in settings.values():
        variables = {
            key: {"env": name}
            for key, name in (
                *(("username", "DAGSTER_PG_USERNAME"), ("hostname", "DAGSTER_PG_HOST")),
                *(("db_name", "DAGSTER_PG_DB"),),
            )
        }
        section["config"] = {"postgres_db": section["config"]["postgres_db"] | variables}
    no_home.mkdir()
    (no_home / SETTINGS_NAME).write_text(yaml.safe_dump(settings))
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
