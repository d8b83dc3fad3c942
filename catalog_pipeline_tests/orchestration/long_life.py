"""A catalogue to which everything has happened, and all that is told of it; helpers, no tests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.past_builds import read_past
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.checkpoints.table_state import read_last_build, why_outdated
from catalog_pipeline.orchestration.names import pages_key, products_key
from catalog_pipeline_tests.orchestration.life_of_pages import BROKEN, GONE, GOOD, PAGES, Scene
from catalog_pipeline_tests.orchestration.made_runs import grid
from catalog_pipeline_tests.pages import keys


def facts(instance: dg.DagsterInstance, catalogue: Catalogue) -> dict[str, Any]:
    """All that people and programs are told of a catalogue."""
    known = with_known_pages(instance, catalogue)
    standing = read_standing(instance, catalogue)
    storage = instance.event_log_storage
    key = pages_key(catalogue)
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations
    built = read_last_build(instance, catalogue)
    return {
        "standing": standing,
        "due": standing.due,
        "grid": grid(instance, known),
        "attempts": attempts(key),
        "checkpoints": read_checkpoints(instance, known, known.pages),
        "materialized": instance.get_materialized_partitions(key),
        "last build": built,
        "outdated": why_outdated(instance, catalogue),
        "past": read_past(instance, catalogue, None, str(built and built.values.get("pages"))),
        "latest": [
            instance.get_latest_materialization_event(each)
            for each in (key, products_key(catalogue))
        ],
        "tags": storage.get_latest_tags_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
        ),
        "alive": [run.run_id for run in instance.get_runs() if not run.is_finished],
        "highest id": storage.get_maximum_record_id(),
    }


def refresh(scene: Scene) -> None:
    scene.command(keys(*PAGES), refresh_at=datetime.now(timezone.utc))


def a_long_life(scene: Scene) -> dg.DagsterRun:
    """Pages that are done, failed, mended, cancelled and wiped; the run that waits meanwhile."""
    for _ in range(3):
        refresh(scene)
    scene.show(2, GONE)
    scene.show(3, BROKEN)
    refresh(scene)
    scene.show(3, GOOD, "b")
    scene.command(keys(3))
    scene.execute(scene.web_run(1, 3), terminate_after=1)
    refresh(scene)
    scene.wipe(1)
    return scene.web_run(1, 1)
