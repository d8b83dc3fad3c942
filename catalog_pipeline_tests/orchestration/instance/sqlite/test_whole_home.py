"""The files of a home are one reader's until its end, and free after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster._core.storage.dagster_run import DagsterRun

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.sqlite.whole_home import RUNS, whole_home
from catalog_pipeline_tests.orchestration.histories import JOB, PAGES

pytestmark = pytest.mark.embedded("is about SQLite's files")

RUN_IDS = ("0f2c4a31-0000-4000-8000-000000000001", "0f2c4a31-0000-4000-8000-000000000002")


def _recorded() -> None:
    with open_instance() as instance:
        for run_id in RUN_IDS:
            instance.add_run(DagsterRun(JOB, run_id=run_id))
        instance.wipe_asset_partitions(PAGES, ["8"])
        instance.schedule_storage  # noqa: B018 - makes its file


def test_nobody_else_can_read_what_one_reads(home: Path) -> None:
    _recorded()
    with (
        whole_home(home),
        pytest.raises(StorageError, match="Another process has"),
        whole_home(home),
    ):
        pass


def test_files_are_free_after_a_reader_that_stopped_in_the_middle_of_one(home: Path) -> None:
    _recorded()
    with whole_home(home) as files:
        # What keeps this open is what an error keeps that is shown later.
        rows = files.rows(RUNS, "runs", ["run_id"])
        assert next(rows) == (RUN_IDS[0],)
    with whole_home(home) as files:
        assert [run_id for (run_id,) in files.rows(RUNS, "runs", ["run_id"])] == list(RUN_IDS)
    del rows
