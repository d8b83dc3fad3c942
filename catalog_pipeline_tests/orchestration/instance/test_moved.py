"""A home moved from its files to PostgreSQL: answers, crawls and cursors go on as if it had not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_graphql.schema import create_schema

from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.instance.lost_retries import FAILURES_SEEN
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, SETTINGS_NAME
from catalog_pipeline_tests.command import holding
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.histories import (
    JOB,
    KINDS,
    PAGES,
    Clock,
    RunHistory,
    follow,
    history,
)
from catalog_pipeline_tests.orchestration.questions import answer, questions
from catalog_pipeline_tests.postgres_server import SETTINGS, Database, write_postgres_home
from catalog_pipeline_tests.services import queries
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes

FOUND = "found"
IN_NO_ORDER = ("tags", "event tags", "attempts", "pool")
OF_THE_LOGS = (
    *("records", "logs", "all logs", "highest id"),
    *("asset keys, run", "partitions, run"),
)
"""What is answered by the logs of runs, which is compared event by event."""
HOLDING = """
from catalog_pipeline.orchestration.instance.open import open_instance
with open_instance() as instance:
    instance.get_runs()
    print("held", flush=True)
    input()
"""


def use_postgres(home: Path) -> None:
    """Give a home the profile for PostgreSQL, in the place of the one that it has."""
    (home / SETTINGS_NAME).write_bytes(SETTINGS.read_bytes())


def test_what_assets_are_asked_for_has_the_answers_and_the_ids_that_it_had(
    home: Path, database: Database, run: Run
) -> None:
    run_ids = _recorded()
    with open_instance() as instance:
        _answers(instance, run_ids)
        before = _answers(instance, run_ids)
        records = [repr(record) for record in instance.get_run_records()]
        last_id = instance.event_log_storage.get_maximum_record_id() or 0
    use_postgres(home)
    assert run("migrate").code == 0
    with open_instance() as instance:
        after = _answers(instance, run_ids)
        assert [repr(record) for record in instance.get_run_records()] == records
        assert (instance.event_log_storage.get_maximum_record_id() or 0) > last_id
    different = {name for name in before if before[name] != after[name]}
    assert different == set(), [(before[name], after[name]) for name in sorted(different)[:2]]
    assert len(before) > 80


def _recorded() -> list[str]:
    """A history with a wipe of a page, and a line of a log after it; the runs in it."""
    run_ids, acts = history()
    with open_instance() as instance:
        for run_id in run_ids:
            instance.add_run(DagsterRun(JOB, run_id=run_id, tags={"of": run_id}))
        for act in acts:
            if isinstance(act, list):
                instance.event_log_storage.store_event_batch(act)
            else:
                act(instance.event_log_storage)
            follow(instance, act)
        instance.wipe_asset_partitions(PAGES, ["8"])
        instance.event_log_storage.store_event(RunHistory(Clock(), run_ids[0]).log_line())
    return run_ids


def _answers(instance: dg.DagsterInstance, run_ids: list[str]) -> dict[str, list[str]]:
    """The answers, in parts where these come in no order."""
    storage = instance.event_log_storage
    answers = {name: answer(storage, ask) for name, ask in questions(run_ids).items()}
    return {
        name: sorted(re.split(r"[{}\[\], ]+", text)) if name.startswith(IN_NO_ORDER) else [text]
        for name, text in answers.items()
        if not name.startswith(OF_THE_LOGS)
    }


def test_the_log_of_a_run_holds_what_it_held_in_the_same_words(
    home: Path, database: Database, run: Run
) -> None:
    run_ids = _recorded()
    with open_instance() as instance:
        before = {run_id: instance.all_logs(run_id) for run_id in ("", *run_ids)}
        known = {row.storage_id for row in _all_changes(instance)}
    use_postgres(home)
    moved = run("migrate", "--json").json
    with open_instance() as instance:
        after = {run_id: instance.all_logs(run_id) for run_id in ("", *run_ids)}
        assert {row.storage_id for row in _all_changes(instance)} == known
        stays = [instance.all_logs(run_id) for run_id in run_ids]
    assert {run_id: sorted(map(repr, events)) for run_id, events in before.items()} == {
        run_id: sorted(map(repr, events)) for run_id, events in after.items()
    }
    assert sum(map(len, after.values())) == moved["rows"]["event_logs"]
    assert stays == [after[run_id] for run_id in run_ids]
    # What belongs to steps and what was said has its order.
    for run_id in run_ids:
        assert _of_steps(before[run_id]) == _of_steps(after[run_id])


def _all_changes(instance: dg.DagsterInstance) -> list[dg.EventLogRecord]:
    kinds = (KINDS.RUN_START, KINDS.RUN_FAILURE, KINDS.RUN_SUCCESS)
    return [each for kind in kinds for each in instance.fetch_run_status_changes(kind, 100).records]


def _of_steps(events: Sequence[dg.EventLogEntry]) -> list[dg.EventLogEntry]:
    return [
        event
        for event in events
        if event.dagster_event is None or event.dagster_event.event_type_value.startswith("STEP_")
    ]


def test_crawls_go_on_as_if_it_had_not_been_moved(
    site: Site, home: Path, database: Database, run: Run
) -> None:
    """A page that failed, pages that were found, a history, and the web UI's own questions."""
    site.write(history=True, last_page=5)
    site.write(name=FOUND, pages="open")
    site.shop.control(pages=5, faults=["4=500"])
    assert run("run", site.name).code == 1
    assert run("run", FOUND).code == 1
    assert run("run", site.name, "--refresh").code == 1
    status = run("status", "--json").json
    changes = run("changes", site.name, "--json").out
    with open_instance() as instance:
        instance.daemon_cursor_storage.set_cursor_values({FAILURES_SEEN: "3"})
        asked = _of_the_web_ui(instance)
        # Dagster leaves that to the end of the process.
        instance.schedule_storage.dispose()  # type: ignore[union-attr]
    use_postgres(home)
    # The code server that was asked ends by and by.
    wait_for("nobody to have the files open", lambda: run("migrate").code == 0, seconds=60)

    assert run("status", "--json").json == status
    assert run("changes", site.name, "--json").out == changes
    with open_instance() as instance:
        assert instance.daemon_cursor_storage.get_cursor_values({FAILURES_SEEN}) == {
            FAILURES_SEEN: "3"
        }
        assert _of_the_web_ui(instance) == asked
    site.shop.control(faults=[], reset_hits=True)
    assert run("run", site.name).code == 0
    assert run("run", FOUND).code == 0
    assert site.downloads() == {4: 2}
    refreshed = run("run", site.name, "--refresh", "--json").json
    assert (refreshed["exit_code"], refreshed["done"]) == (0, 5)


def _of_the_web_ui(instance: dg.DagsterInstance) -> dict[str, Any]:
    """What the web UI asks of runs, assets, grids, schedules and logs."""
    target = ModuleTarget("catalog_pipeline.definitions", None, None, "catalog_pipeline")
    schema = create_schema()
    with WorkspaceProcessContext(instance, target) as workspace:

        def ask(query: str, **variables: Any) -> Any:
            context = workspace.create_request_context()
            asked = schema.execute_async(query, variables=variables, context=context)
            result = asyncio.run(asked)
            assert result.errors is None, result.errors
            return result.data

        runs = ask(queries.RUNS, filter={})["runsOrError"]["results"]
        assets = [
            [name, kind] for name in ("shop", FOUND) for kind in ("product_pages", "products")
        ]
        assert len(runs) >= 5
        logs = [ask(queries.MESSAGES, id=each["runId"])["logsForRun"]["events"] for each in runs]
        return {
            "runs": runs,
            "grids": [ask(queries.STATUSES, key={"path": path}) for path in assets[::2]],
            "builds": [ask(queries.MATERIALIZATIONS, key={"path": path}) for path in assets],
            "instigators": ask(queries.SCHEDULES),
            "logs": [sorted(map(json.dumps, each)) for each in logs],
        }


def test_a_home_is_moved_once_and_says_so_the_second_time(
    home: Path, database: Database, run: Run
) -> None:
    _recorded()
    use_postgres(home)
    first = run("migrate")
    assert first.code == 0
    assert "4 runs" in first.out
    second = run("migrate")
    assert second.code == 0
    assert "is not moved again: 4 runs" in second.out
    with open_instance() as instance:
        assert len(instance.get_runs()) == 4


def test_a_database_that_holds_a_history_takes_no_other(
    home: Path, database: Database, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _recorded()
    other = tmp_path / "other" / "dagster_home"
    write_postgres_home(other)
    monkeypatch.setenv(HOME_VARIABLE, str(other))
    with open_instance() as instance:
        instance.add_run(DagsterRun(JOB))
    refused = run("migrate", "--from", str(home))
    assert refused.code == 2
    assert "its table runs is not empty" in refused.err
    with open_instance() as instance:
        assert len(instance.get_runs()) == 1


def test_a_home_that_somebody_uses_is_not_moved(home: Path, database: Database, run: Run) -> None:
    run_ids = _recorded()
    with holding(HOLDING) as other:
        use_postgres(home)
        refused = run("migrate")
        assert refused.code != 0
        assert "Another process has" in refused.err
        other.communicate("\n", timeout=30)
    with hold_sign_of_life(home, run_ids[0]):
        refused = run("migrate")
        assert f"Run {run_ids[0]} of {home} is being executed" in refused.err
    assert run("migrate").code == 0


@pytest.mark.parametrize("amiss", ["files", "no files", "damaged"])
def test_what_cannot_be_moved_is_told_and_nothing_is(
    home: Path, database: Database, run: Run, amiss: str
) -> None:
    run_ids = _recorded()
    if amiss != "files":
        use_postgres(home)
    if amiss == "no files":
        (home / "history" / "runs.db").rename(home / "runs.db")
    if amiss == "damaged":
        (home / "history" / "runs" / f"{run_ids[1]}.db").write_bytes(b"no database at all" * 500)
    refused = run("migrate")
    assert refused.code != 0
    said = {
        "files": "names no database of this package",
        "no files": "holds no history in SQLite files",
        "damaged": f"{run_ids[1]}.db, cannot be read",
    }
    assert said[amiss] in refused.err
    assert database.rows("SELECT count(*) FROM event_logs") == [(0,)]


def test_a_home_in_another_folder_is_moved_with_a_word_on_its_page_files(
    site: Site,
    home: Path,
    database: Database,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("run", site.name).code == 0
    new = tmp_path / "elsewhere" / "dagster_home"
    write_postgres_home(new)
    monkeypatch.setenv(HOME_VARIABLE, str(new))
    moved = run("migrate", "--from", str(home))
    assert moved.code == 0
    assert f"set {DATA_VARIABLE}={tmp_path / 'data'}" in moved.out
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    site.shop.control(reset_hits=True)
    assert run("run", site.name).code == 0
    assert site.downloads() == {}
