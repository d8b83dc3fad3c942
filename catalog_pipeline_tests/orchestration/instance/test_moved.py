"""A home moved from its files to PostgreSQL: answers, crawls and cursors go on as if it had not."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.workspace.load_target import ModuleTarget
from dagster_graphql.schema import create_schema

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.instance.lost_retries import FAILURES_SEEN
from catalog_pipeline.orchestration.instance.moved import move_home
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres import moving
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, SETTINGS_NAME
from catalog_pipeline_tests.command import holding
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.code_server import code_server
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
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

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
    wait_for("nobody to have the files open", lambda: run("migrate").code == 0)

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
    with code_server(instance, target) as workspace:

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


def test_the_same_folder_by_another_name_is_not_moved_again_either(
    home: Path, database: Database, run: Run
) -> None:
    _recorded()
    use_postgres(home)
    assert run("migrate", "--from", str(home.parent / "." / home.name / ".." / home.name)).code == 0
    link = home.with_name("link")
    link.symlink_to(home)
    for name in (home, link):
        second = run("migrate", "--from", str(name))
        assert (second.code, "is not moved again: 4 runs" in second.out) == (0, True)


def test_files_that_somebody_went_on_with_after_they_were_moved_are_told(
    home: Path, database: Database, run: Run
) -> None:
    of_files = (home / SETTINGS_NAME).read_bytes()
    _recorded()
    use_postgres(home)
    assert run("migrate").code == 0
    assert run("doctor").code == 0
    (home / SETTINGS_NAME).write_bytes(of_files)
    # The times of runs in files are whole seconds.
    with open_instance() as instance, closing(sqlite3.connect(home / "history/runs.db")) as files:
        instance.add_run(DagsterRun(JOB))
        files.execute(
            "UPDATE runs SET create_timestamp = datetime('now', '+2 seconds') "
            "WHERE id = (SELECT max(id) FROM runs)"
        )
        files.commit()
    use_postgres(home)
    for command in ("migrate", "doctor"):
        answer = run(command)
        told = " ".join((answer.out + answer.err).split())
        assert answer.code != 0
        assert "its files hold 1 run of later, which the database does not" in told


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
        other.communicate("\n", timeout=PATIENCE_SECONDS)
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


@pytest.mark.parametrize("command", [["status"], ["run"], ["doctor"]])
def test_nobody_goes_on_in_an_empty_database_beside_files_that_hold_a_history(
    command: list[str], home: Path, database: Database, run: Run
) -> None:
    run_ids = _recorded()
    use_postgres(home)
    refused = run(*command)
    assert refused.code != 0
    told = " ".join((refused.out + refused.err).split())
    assert f"its files hold {len(run_ids)} runs" in told
    assert "catalog-pipeline migrate" in told
    assert run("migrate").code == 0
    assert "its files hold" not in run("doctor").out
    with open_instance() as instance:
        assert instance.get_runs_count() == len(run_ids)


def test_whose_past_was_moved_goes_on_also_when_it_is_gone(
    home: Path, database: Database, run: Run
) -> None:
    run_ids = _recorded()
    use_postgres(home)
    assert run("migrate").code == 0
    with open_instance() as instance:
        for run_id in run_ids:
            instance.delete_run(run_id)
    assert "its files hold" not in run("doctor").out
    assert run("status").code == 0
    with open_instance() as instance:
        assert instance.get_runs_count() == 0


def test_who_has_put_the_files_away_begins_anew(home: Path, database: Database, run: Run) -> None:
    _recorded()
    use_postgres(home)
    (home / "history").rename(home / "history.old")
    assert "its files hold" not in run("doctor").out
    with open_instance() as instance:
        assert instance.get_runs_count() == 0


@pytest.mark.parametrize(("path", "table"), [("runs.db", "runs"), ("runs/index.db", "event_logs")])
def test_a_file_that_is_damaged_somewhere_in_it_is_named_and_nothing_is_moved(
    home: Path, database: Database, run: Run, path: str, table: str
) -> None:
    _recorded()
    use_postgres(home)
    damaged = home / "history" / path
    with closing(sqlite3.connect(damaged)) as opened:
        opened.execute("PRAGMA journal_mode=DELETE")
        (size,) = opened.execute("PRAGMA page_size").fetchone()
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = opened.execute(query, (table,)).fetchone()
    with damaged.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    refused = run("migrate")
    assert refused.code != 0
    assert f"{damaged} cannot be read" in refused.err
    assert "Nothing has been moved" in refused.err
    assert database.rows("SELECT count(*) FROM event_logs") == [(0,)]


def test_a_file_of_another_version_is_brought_up_to_date_where_its_home_is(
    home: Path, database: Database, run: Run
) -> None:
    _recorded()
    use_postgres(home)
    with closing(sqlite3.connect(home / "history" / "runs" / "index.db")) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = 'another'")
    assert f"with DAGSTER_HOME={home}." in run("migrate").err


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("RAISE EXCEPTION 'no room on the disk' USING ERRCODE = '53100'", "no room on the disk"),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "it has ended the connection"),
    ],
)
def test_a_server_that_takes_no_more_rows_is_told_in_a_sentence_and_nothing_is_moved(
    home: Path, database: Database, run: Run, act: str, told: str
) -> None:
    _recorded()
    use_postgres(home)
    database.does(
        f"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN {act}; RETURN NEW; END $$ "
        f"LANGUAGE plpgsql",
        "CREATE TRIGGER refuse BEFORE INSERT ON event_logs FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    with pytest.raises(StorageError, match=told):
        move_home(home, lambda done, total: None)
    refused = run("migrate")
    assert refused.code == 1
    assert told in refused.err
    assert database.rows("SELECT count(*) FROM runs") == [(0,)]
    database.does("DROP TRIGGER refuse ON event_logs")
    assert run("migrate").code == 0


def test_that_somebody_has_the_database_is_said_where_somebody_has_it_and_nowhere_else(
    home: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _recorded()
    use_postgres(home)
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE runs IN SHARE MODE")
        database.does(f"ALTER DATABASE {database.name} SET statement_timeout = '500ms'")
        with pytest.raises(StorageError, match="statement timeout"):
            move_home(home, lambda done, total: None)
        database.does(f"ALTER DATABASE {database.name} RESET statement_timeout")
        monkeypatch.setattr(moving, "_LOCK_TIMEOUT", "SET LOCAL lock_timeout = '200ms'")
        with pytest.raises(StorageError, match="Somebody else writes to the database"):
            move_home(home, lambda done, total: None)


def test_all_events_are_counted_while_they_are_moved(home: Path, database: Database) -> None:
    """Also those of runs with few, as most are."""
    _recorded()
    use_postgres(home)
    told: list[tuple[int, int]] = []
    move_home(home, lambda done, total: told.append((done, total)))
    (total,) = {total for _, total in told}
    assert told == sorted(told)
    assert told[-1] == (total, total)


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
