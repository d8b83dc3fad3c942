"""Stored files that somebody deletes, cuts or alters: seen, never silently built into the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.working.starting import end_template
from catalog_pipeline.orchestration.commands.in_process import LocalRun, build_table_here
from catalog_pipeline.orchestration.names import plain_pages_key, plain_products_key
from catalog_pipeline.orchestration.runs.table_run import PAGES_INTACT
from catalog_pipeline_tests.crash.invariants import Deaths, complaints, table_rows
from catalog_pipeline_tests.crash.scene import NAME, Scene
from catalog_pipeline_tests.kept_files import page_file_of
from catalog_pipeline_tests.pages import keys

DAMAGED = {2, 5, 9}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """All pages were done; then one file was deleted, one cut short, one altered by one byte."""
    with Scene(tmp_path) as made:
        assert made.crawl_here().code == 0
        deleted, cut, altered = (
            page_file_of(made.places, PageKey(page)) for page in sorted(DAMAGED)
        )
        deleted.unlink()
        cut.write_bytes(cut.read_bytes()[:-10])
        content = bytearray(altered.read_bytes())
        content[-1] ^= 1
        altered.write_bytes(content)
        yield made


def built_here(scene: Scene) -> tuple[LocalRun, dg.AssetCheckEvaluation]:
    """Build the table alone, as the sensor does; returns its run and the check of its pages."""
    with scene.as_environment() as instance:
        build = build_table_here(instance, scene.catalogue)
        # What it reads pages again with is a process of ours, and none of a command's.
        end_template()
        records = instance.get_records_for_run(
            build.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
    checks = [record.event_log_entry.dagster_event for record in records]
    data = [check.asset_check_evaluation_data for check in checks if check]
    (intact,) = [each for each in data if each.check_name == PAGES_INTACT]
    return build, intact


def test_the_next_run_downloads_damaged_pages_again_and_only_those(scene: Scene) -> None:
    deaths = Deaths(scene)
    deaths.in_flight.update(DAMAGED)
    crawl = scene.crawl_here()
    assert crawl.code == 0
    assert crawl.err.count("Downloading again: ") == len(DAMAGED)
    assert deaths.downloaded_again == len(DAMAGED)
    assert complaints(scene, deaths) == []


def test_a_build_leaves_damaged_pages_out_and_reports_them(scene: Scene) -> None:
    build, intact = built_here(scene)
    assert build.error is None
    assert {row[0] for row in table_rows(scene.places.table)} == set(range(1, 13)) - DAMAGED
    assert not intact.passed
    assert len(intact.metadata["damaged"].value) == len(DAMAGED)  # type: ignore[arg-type]
    with scene.instance() as instance:
        event = instance.get_latest_materialization_event(plain_products_key(NAME))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["pages_damaged"].value == len(DAMAGED)

    deaths = Deaths(scene)
    deaths.in_flight.update(DAMAGED)
    assert scene.crawl_here().code == 0
    assert complaints(scene, deaths) == []


def test_a_wiped_partition_is_missing_again(scene: Scene) -> None:
    with scene.instance() as instance:
        instance.wipe_asset_partitions(plain_pages_key(NAME), ["3", "5"])
    assert scene.statuses().missing == set(keys(3, 5))
    deaths = Deaths(scene)
    wiped = {3, 5}
    deaths.in_flight.update(DAMAGED | wiped)
    assert scene.crawl_here().code == 0
    assert deaths.downloaded_again == len(DAMAGED | wiped)
    assert complaints(scene, deaths) == []
