"""The batched event logs: the same answers as Dagster's own, and promises of their own."""

import multiprocessing
import os
import queue
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon

from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog
from catalog_pipeline_tests.orchestration.histories import (
    JOB,
    PAGES,
    Clock,
    RunHistory,
    follow,
    history,
)
from catalog_pipeline_tests.orchestration.questions import answer, questions
from catalog_pipeline_tests.postgres_server import Database, PostgresServer
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

WRITERS = 3
THREADS = 3
RETRIES = "run_retries: {enabled: true, max_retries: 2}\n"
STOCK_SQLITE = "telemetry: {enabled: false}\n"
OUR_SQLITE = """
event_log_storage:
  module: catalog_pipeline.orchestration.instance.sqlite.event_log
  class: BatchedSqliteEventLogStorage
  config: {}
"""
STOCK_POSTGRES = "storage: {{postgres: {{postgres_url: '{url}'}}}}\n"
OUR_POSTGRES = """
storage:
  custom:
    module: catalog_pipeline.orchestration.instance.postgres.storage
    class: PostgresStorage
    config: {{postgres_url: '{url}'}}
"""
FULL = "database or disk is full"


@dataclass(frozen=True)
class Engine:
    """How each of the two is told, and how its disk becomes full at page 3."""

    stock_settings: str
    our_settings: str
    stock_settings_of_ours: str
    full_at_page_3: Sequence[str]
    numbers_have_gaps: bool = False

    def comparable(self, text: str) -> str:
        """An answer without the numbers of assets' rows, of which each attempt at one takes one."""
        is_same = not self.numbers_have_gaps
        return text if is_same else re.sub(r"(AssetRecord\(storage_id)=\d+", r"\1=?", text)


SQLITE = Engine(
    STOCK_SQLITE,
    OUR_SQLITE,
    STOCK_SQLITE,
    [
        "CREATE TRIGGER full BEFORE INSERT ON event_logs WHEN NEW.partition = '3' "
        f"BEGIN SELECT RAISE(ABORT, '{FULL}'); END"
    ],
)


def _postgres(server: PostgresServer, untouched: Database) -> Engine:
    stock, ours = (
        server.new_database(untouched).url.replace("postgresql:", "postgresql+psycopg2:")
        for _ in range(2)
    )
    return Engine(
        STOCK_POSTGRES.format(url=stock),
        OUR_POSTGRES.format(url=ours),
        STOCK_POSTGRES.format(url=ours),
        [
            "CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN RAISE EXCEPTION '{FULL}'; END $$",
            "CREATE TRIGGER complain BEFORE INSERT ON event_logs FOR EACH ROW "
            "WHEN (NEW.partition = '3') EXECUTE FUNCTION complain()",
        ],
        numbers_have_gaps=True,
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.processes)])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "sqlite":
        return SQLITE
    names = ("postgres", "untouched_database")
    return _postgres(*(request.getfixturevalue(name) for name in names))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Homes that were opened once: making their files takes ten times as long as copying them."""
    folder = tmp_path_factory.mktemp("untouched")
    for name, settings in (("stock", STOCK_SQLITE), ("ours", OUR_SQLITE)):
        (folder / name).mkdir()
        _instance(folder / name, settings).dispose()
    return folder


@pytest.fixture
def stock(engine: Engine, untouched: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(untouched / "stock", tmp_path / "stock")
    with _instance(tmp_path / "stock", engine.stock_settings) as instance:
        yield instance


@pytest.fixture
def ours(engine: Engine, untouched: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(untouched / "ours", tmp_path / "ours")
    with _instance(tmp_path / "ours", engine.our_settings + RETRIES) as instance:
        yield instance


def _instance(home: Path, settings: str) -> dg.DagsterInstance:
    (home / "dagster.yaml").write_text(settings)
    return dg.DagsterInstance.from_config(str(home))


def test_the_daemon_retries_a_run_whose_process_was_killed_before_it_had_failed(
    ours: dg.DagsterInstance,
) -> None:
    """Stored is the failure alone, as when the process ends before it can store the status."""
    _look_for_failures(ours)
    run_id = make_new_run_id()
    ours.add_run(DagsterRun(JOB, run_id=run_id, status=dg.DagsterRunStatus.STARTED))
    failure = dg.DagsterEvent("PIPELINE_FAILURE", JOB, message="its process has ended")
    ours.event_log_storage.store_event(
        EventLogEntry(None, "error", "", run_id, 1_700_000_000.5, None, JOB, failure)
    )
    _look_for_failures(ours)
    (record,) = ours.get_run_records()
    assert record.dagster_run.status == dg.DagsterRunStatus.FAILURE
    assert record.end_time == 1_700_000_000.5
    # It has no code location to be launched from, which is what the daemon says when it tries.
    assert "unable to retry the run" in ours.all_logs(run_id)[-1].message


def _look_for_failures(instance: dg.DagsterInstance) -> None:
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        deque(EventLogConsumerDaemon().run_iteration(workspace), maxlen=0)


def test_the_same_history_gets_the_same_answers_as_in_stock_storage(
    engine: Engine, stock: dg.DagsterInstance, ours: dg.DagsterInstance
) -> None:
    run_ids, acts = history()
    for instance in (stock, ours):
        for run_id in run_ids:
            instance.add_run(DagsterRun(JOB, run_id=run_id))
    for act in acts:
        if isinstance(act, list):
            # Dagster's own in PostgreSQL takes few types of events many at a time.
            for event in act:
                stock.event_log_storage.store_event(event)
            ours.event_log_storage.store_event_batch(act)
        else:
            act(stock.event_log_storage)
            act(ours.event_log_storage)
        for instance in (stock, ours):
            follow(instance, act)
    different = {
        name: (expected, got)
        for name, ask in questions(run_ids).items()
        if (expected := engine.comparable(answer(stock.event_log_storage, ask)))
        != (got := engine.comparable(answer(ours.event_log_storage, ask)))
    }
    assert different == {}, sorted(different)


def test_the_questions_have_answers(ours: dg.DagsterInstance) -> None:
    """Or else the comparison above would compare nothing with nothing."""
    run_ids, acts = history()
    for run_id in run_ids:
        ours.add_run(DagsterRun(JOB, run_id=run_id))
    for act in acts:
        if isinstance(act, list):
            ours.event_log_storage.store_event_batch(act)
    asked = {name: ask for name, ask in questions(run_ids).items() if not name.endswith("unknown")}
    answers = [answer(ours.event_log_storage, ask) for ask in asked.values()]
    assert sum(len(text) > 10 for text in answers) > 0.75 * len(answers)


def test_stock_storage_reads_on_where_ours_stopped(
    ours: dg.DagsterInstance, engine: Engine, tmp_path: Path
) -> None:
    run = RunHistory(Clock())
    ours.event_log_storage.store_event_batch(run.planned(PAGES, "1", "2"))
    ours.event_log_storage.dispose()
    with _instance(Path(ours.root_directory), engine.stock_settings_of_ours) as stock:
        stock.event_log_storage.store_event(run.materialized(PAGES, "1", "v1"))
        assert stock.event_log_storage.get_materialized_partitions(PAGES) == {"1"}
        assert len(stock.event_log_storage.get_logs_for_run(run.run_id)) == 3
        assert stock.event_log_storage.alembic_version() == ours.event_log_storage.alembic_version()
    assert ours.event_log_storage.get_materialized_partitions(PAGES) == {"1"}


def test_a_batch_is_stored_whole_or_not_at_all(ours: dg.DagsterInstance, engine: Engine) -> None:
    run = RunHistory(Clock())
    storage = ours.event_log_storage
    assert isinstance(storage, BatchedEventLog)
    with storage.index_connection() as connection:
        for statement in engine.full_at_page_3:
            connection.exec_driver_sql(statement)
    pages = [run.materialized(PAGES, page, "v") for page in "1234"]
    with pytest.raises(Exception, match="disk is full"):
        storage.store_event_batch(pages)
    assert storage.get_materialized_partitions(PAGES) == set()
    assert storage.get_logs_for_run(run.run_id) == []
    storage.store_event_batch([page for page in pages if page.get_dagster_event().partition != "3"])
    assert storage.get_materialized_partitions(PAGES) == {"1", "2", "4"}


@pytest.mark.processes
def test_run_creation_batches_planned_events_without_any_setting() -> None:
    script = (
        "import os; os.environ.pop('DAGSTER_EVENT_BATCH_SIZE', None)\n"
        "import catalog_pipeline.orchestration.instance.postgres.event_log\n"
        "print(os.environ['DAGSTER_EVENT_BATCH_SIZE'])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert said.stdout.strip() == b"1000"


def test_the_live_log_sees_what_another_process_writes(ours: dg.DagsterInstance) -> None:
    """Also while the writer keeps its connection, so that only the write-ahead log changes."""
    run = RunHistory(Clock())
    watching = ours.event_log_storage
    seen: queue.Queue[str] = queue.Queue()

    def note(entry: EventLogEntry, cursor: str) -> None:
        seen.put(entry.user_message)

    with dg.DagsterInstance.from_config(ours.root_directory) as writer:
        writer.event_log_storage.store_event(_line(run.run_id, "before"))
        watching.watch(run.run_id, None, note)
        try:
            for text in ("one", "two"):
                writer.event_log_storage.store_event(_line(run.run_id, text))
                while seen.get(timeout=PATIENCE_SECONDS) != text:
                    pass
        finally:
            watching.end_watch(run.run_id, note)


@pytest.mark.processes
def test_processes_and_threads_write_without_losing_an_event(ours: dg.DagsterInstance) -> None:
    run_id = make_new_run_id()
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_write_in_threads, args=(ours.root_directory, run_id, number))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    expected = {f"{p}-{t}-{e}" for p in range(WRITERS) for t in range(THREADS) for e in range(60)}
    storage = ours.event_log_storage
    assert storage.get_materialized_partitions(PAGES) == expected
    records = storage.get_records_for_run(run_id).records
    assert len(records) == len(expected)
    tags = storage.get_latest_tags_by_partition(
        PAGES, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
    )
    assert {page: tag["dagster/data_version"] for page, tag in tags.items()} == {
        page: page for page in expected
    }


@pytest.mark.processes
def test_a_forked_process_does_not_touch_the_connections_of_its_parent(
    ours: dg.DagsterInstance,
) -> None:
    run = RunHistory(Clock())
    storage = ours.event_log_storage
    storage.store_event(run.materialized(PAGES, "parent", "v"))
    child = os.fork()
    if child == 0:
        try:
            storage.store_event(run.materialized(PAGES, "child", "v"))
        finally:
            os._exit(0 if storage.get_materialized_partitions(PAGES) == {"parent", "child"} else 1)
    assert os.waitpid(child, 0)[1] == 0
    storage.store_event(run.materialized(PAGES, "parent again", "v"))
    assert storage.get_materialized_partitions(PAGES) == {"parent", "child", "parent again"}


def _line(run_id: str, text: str) -> EventLogEntry:
    return EventLogEntry(None, 20, text, run_id, time.time(), None, JOB, None)


def _write_in_threads(home: str, run_id: str, process: int) -> None:
    with dg.DagsterInstance.from_config(home) as instance:

        def write(thread: int) -> None:
            run = RunHistory(Clock(), run_id)
            pages = [f"{process}-{thread}-{number}" for number in range(60)]
            for start in range(0, 60, 4):
                batch = [run.materialized(PAGES, page, page) for page in pages[start : start + 4]]
                instance.event_log_storage.store_event_batch(batch)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(write, range(THREADS)))
