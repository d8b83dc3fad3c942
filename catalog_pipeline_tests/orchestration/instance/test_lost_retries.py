"""A retry that Dagster's daemon could not launch is launched once a code server answers again.

Real rounds of the daemon's own look-out for failures, with and without a code location.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget, PythonFileTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon

from catalog_pipeline.orchestration.instance.lost_retries import (
    SECONDS_FOR_THE_DAEMON,
    TIMES_ASKED,
    ask_again_for_retries,
)
from catalog_pipeline.orchestration.names import (
    BACKFILL_TAG,
    MAX_RETRIES_TAG,
    PARTITION_TAG,
    WILL_RETRY_TAG,
)
from catalog_pipeline_tests.orchestration import launched_jobs
from catalog_pipeline_tests.orchestration.code_server import code_server

pytestmark = pytest.mark.processes

PAGES = dg.AssetKey(["shop", "product_pages"])
SETTINGS = Path(__file__).parents[3] / "dagster_home" / "dagster.yaml"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text(SETTINGS.read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def away(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    """A daemon's view while no code server answers; it has begun to look for failures."""
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context:
        let_daemon_look(context)
        yield context


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkspaceProcessContext]:
    """A code server, on an instance of its own: it is for its code location alone."""
    home = tmp_path_factory.mktemp("home")
    (home / "dagster.yaml").write_text(SETTINGS.read_text())
    target = PythonFileTarget(
        python_file=str(launched_jobs.__file__),
        attribute=None,
        working_directory=str(Path(__file__).parents[3]),
        location_name="shops",
    )
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        code_server(instance, target) as made,
    ):
        yield made


@pytest.fixture
def back(instance: dg.DagsterInstance, server: WorkspaceProcessContext) -> WorkspaceProcessContext:
    """A daemon's view once the code server answers."""
    return server.copy_for_test_instance(instance)


def let_daemon_look(context: WorkspaceProcessContext) -> None:
    assert not any(EventLogConsumerDaemon().run_iteration(context))


def fail_run(
    instance: dg.DagsterInstance, server: WorkspaceProcessContext, **tags: str
) -> dg.DagsterRun:
    """A run that failed long enough ago for the daemon to have looked at it."""
    workspace = server.create_request_context()
    location = workspace.get_code_location("shops")
    remote = next(iter(location.get_repositories().values())).get_full_job("__ASSET_JOB")
    run = create_run_for_test(
        instance,
        job_name="__ASSET_JOB",
        remote_job_origin=remote.get_remote_origin(),
        job_code_origin=remote.get_python_origin(),
        asset_selection=frozenset([PAGES]),
        tags={PARTITION_TAG: "1", "dagster/retry_strategy": "ALL_STEPS", **tags},
    )
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_FAILURE.value, "__ASSET_JOB", message="died")
    failed_at = time.time() - 2 * SECONDS_FOR_THE_DAEMON
    instance.report_dagster_event(event, run.run_id, timestamp=failed_at)
    return run


def retries_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dg.DagsterRun]:
    return [each for each in instance.get_runs() if each.parent_run_id == run.run_id]


def is_still_to_be_retried(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    now = instance.get_run_by_id(run.run_id)
    assert now is not None
    return now.tags[WILL_RETRY_TAG] == "true"


def test_a_retry_that_no_code_server_could_launch_is_launched_once_one_is_back(
    instance: dg.DagsterInstance, away: WorkspaceProcessContext, back: WorkspaceProcessContext
) -> None:
    run = fail_run(instance, back)
    let_daemon_look(away)
    let_daemon_look(back)
    assert retries_of(instance, run) == []
    assert is_still_to_be_retried(instance, run), "its backfill would not wait for it"
    ask_again_for_retries(instance, [PAGES])
    let_daemon_look(back)
    let_daemon_look(back)
    assert len(retries_of(instance, run)) == 1


def test_a_run_that_has_its_retry_gets_no_second_one(
    instance: dg.DagsterInstance, away: WorkspaceProcessContext, back: WorkspaceProcessContext
) -> None:
    runs = [fail_run(instance, back) for _ in range(2)]
    let_daemon_look(back)
    lost = fail_run(instance, back)
    let_daemon_look(away)
    for _ in range(3):
        ask_again_for_retries(instance, [PAGES])
        let_daemon_look(back)
    assert [len(retries_of(instance, run)) for run in [*runs, lost]] == [1, 1, 1]


def test_a_retry_that_cannot_be_launched_however_often_is_given_up(
    instance: dg.DagsterInstance, away: WorkspaceProcessContext, back: WorkspaceProcessContext
) -> None:
    """Or its backfill would wait for ever."""
    run = fail_run(instance, back)
    for _ in range(TIMES_ASKED + 1):
        let_daemon_look(away)
        assert is_still_to_be_retried(instance, run)
        ask_again_for_retries(instance, [PAGES])
    assert not is_still_to_be_retried(instance, run)


@pytest.mark.parametrize("tag", [{MAX_RETRIES_TAG: "0"}, {BACKFILL_TAG: "gone"}])
def test_a_run_that_is_not_to_be_retried_is_not(
    instance: dg.DagsterInstance,
    away: WorkspaceProcessContext,
    back: WorkspaceProcessContext,
    tag: dict[str, str],
) -> None:
    run = fail_run(instance, back, **tag)
    let_daemon_look(away)
    for _ in range(TIMES_ASKED + 2):
        ask_again_for_retries(instance, [PAGES])
        let_daemon_look(back)
    assert retries_of(instance, run) == []


def test_runs_of_other_assets_are_let_alone(
    instance: dg.DagsterInstance, away: WorkspaceProcessContext, back: WorkspaceProcessContext
) -> None:
    run = fail_run(instance, back)
    let_daemon_look(away)
    ask_again_for_retries(instance, [dg.AssetKey(["another", "product_pages"])])
    let_daemon_look(back)
    assert retries_of(instance, run) == []
