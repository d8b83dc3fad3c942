"""The committed `dagster.yaml`: every key is known to Dagster and does what it is there for."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.config import PoolGranularity
from dagster._core.run_coordinator import QueuedRunCoordinator

from catalog_pipeline.orchestration.instance.launcher import HealthCheckingRunLauncher
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage

SETTINGS = Path(__file__).parents[2] / "dagster_home" / "dagster.yaml"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    home = tmp_path_factory.mktemp("home")
    (home / "dagster.yaml").write_text(SETTINGS.read_text())
    with dg.DagsterInstance.from_config(str(home)) as made:
        yield made


def test_the_instance_uses_the_projects_storage_and_launcher(instance: dg.DagsterInstance) -> None:
    assert type(instance.event_log_storage) is BatchedSqliteEventLogStorage
    assert type(instance.run_launcher) is HealthCheckingRunLauncher
    assert Path(instance.root_directory, "history", "runs", "index.db").exists()


def test_dead_runs_are_looked_for_often_and_retried_twice(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_poll_interval_seconds == 5
    assert instance.run_monitoring_start_timeout_seconds == 60
    assert instance.run_monitoring_cancel_timeout_seconds == 120
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 2
    assert instance.run_retries_retry_on_asset_or_op_failure


def test_a_run_waits_a_second_at_most_in_an_empty_queue(instance: dg.DagsterInstance) -> None:
    coordinator = instance.run_coordinator
    assert isinstance(coordinator, QueuedRunCoordinator)
    assert coordinator.dequeue_interval_seconds == 1


def test_nothing_is_sent_home_and_no_dialog_greets(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_a_pool_takes_one_run_at_a_time(instance: dg.DagsterInstance) -> None:
    pools = instance.get_concurrency_config().pool_config
    assert pools.pool_granularity == PoolGranularity.RUN
    assert pools.default_pool_limit == 1


@pytest.mark.processes
def test_a_run_of_the_command_line_counts_in_its_pool(instance: dg.DagsterInstance) -> None:
    """So that queued runs of the same catalogue wait for it, though it was never queued."""

    @dg.op(pool="shop")
    def crawl() -> None: ...

    @dg.job
    def crawl_job() -> None:
        crawl()

    result = crawl_job.execute_in_process(instance=instance)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.run_op_concurrency is not None
    assert run.run_op_concurrency.all_pools == {"shop"}
