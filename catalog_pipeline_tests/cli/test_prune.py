"""`prune`: what it says that it removes, or would, for people and for programs."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import dagster as dg
import pytest

from catalog_pipeline.orchestration.definitions.retention import build_retention_schedule
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.names import RETENTION_TAG, pages_key
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes


@pytest.fixture
def refreshed(site: Site, run: Run) -> Site:
    """Three crawls of a catalogue whose runs are kept for a second, the last a moment ago."""
    site.write(last_page=3, retention={"runs": "1s"})
    for _ in range(3):
        assert run("run", NAME, "--refresh", "--quiet").code == 0
    _let_all_runs_be_old()
    return site


def _let_all_runs_be_old() -> None:
    with open_instance() as instance:
        ended = max(record.end_time or 0 for record in instance.get_run_records())
    wait_for("the last run to be older than it is kept", lambda: time.time() - ended > 1.1)


def _runs() -> set[str]:
    with open_instance() as instance:
        return set(instance.get_run_ids())


def test_a_dry_run_says_precisely_what_then_goes(refreshed: Site, run: Run) -> None:
    before = _runs()
    told = run("prune", NAME, "--dry-run", "--json")
    assert told.code == 0
    assert _runs() == before
    done = run("prune", NAME, "--json").json
    assert done["catalogues"] == told.json["catalogues"]
    (of_shop,) = done["catalogues"]
    assert of_shop["catalogue"] == NAME
    assert of_shop["runs"]["count"] == len(before) - len(_runs()) > 0
    assert of_shop["events"]["bytes"] > 0
    assert (told.json["dry_run"], done["dry_run"]) == (True, False)
    assert told.json["home"]["bytes_after"] is None
    assert done["home"]["bytes_after"] < done["home"]["bytes_before"]
    assert run("status", NAME, "--json").json[0]["done"] == 3


def test_people_read_what_would_go_what_went_and_that_nothing_is_left(
    refreshed: Site, run: Run
) -> None:
    told = run("prune", "--dry-run")
    assert told.out.splitlines()[0].split() == [
        "catalogue", "runs", "their", "events", "superseded", "events", "page", "files", "left",
        "over",
    ]  # fmt: skip
    assert told.out.splitlines()[-1].startswith("That would be removed; Dagster's home takes")
    assert run("prune").out.splitlines()[-1].startswith("Removed; Dagster's home takes")
    assert run("prune").out.startswith("Nothing was to be removed; Dagster's home takes")
    assert run("prune", "--dry-run").out.startswith("Nothing would be removed")


def test_an_unknown_name_and_a_wrong_yaml_are_told(site: Site, run: Run) -> None:
    assert run("prune", "nowhere").code == 2
    site.write(last_page=3)
    path = site.folder / NAME / "defs.yaml"
    path.write_text(path.read_text() + "  retention: {runs: 90}\n")
    answer = run("prune", NAME)
    assert answer.code == 2
    assert "90 has no unit; write 90d" in answer.err


def test_the_schedule_asks_for_a_run_only_if_there_is_something_to_remove(
    refreshed: Site, run: Run
) -> None:
    catalogue = refreshed.catalogue
    schedule = build_retention_schedule(catalogue)
    job = schedule.job
    assert isinstance(job, dg.JobDefinition)
    with open_instance() as instance:
        assert len(_asked(schedule, instance)) == 1
        before = instance.get_materialized_partitions(pages_key(catalogue))
        result = job.execute_in_process(instance=instance)
        assert result.success
        assert result.dagster_run.tags[RETENTION_TAG] == NAME
        assert instance.get_materialized_partitions(pages_key(catalogue)) == before
        assert _asked(schedule, instance) == []
        # Its own runs go as others do.
        _let_all_runs_be_old()
        job.execute_in_process(instance=instance)
        assert len(instance.get_runs(dg.RunsFilter(tags={RETENTION_TAG: NAME}))) == 1


def _asked(schedule: dg.ScheduleDefinition, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    with dg.build_schedule_context(
        instance, scheduled_execution_time=datetime.now(timezone.utc)
    ) as context:
        return list(schedule.evaluate_tick(context).run_requests or [])
