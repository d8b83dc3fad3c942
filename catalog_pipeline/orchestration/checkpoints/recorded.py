"""What a report shows of what Dagster has recorded: the builds of a table, and its pages.

Each is read where it belongs (`standing`, `table_state`); here it becomes the report's own values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.fields import PROVENANCE_COLUMNS
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.standing import Standing, read_standing
from catalog_pipeline.orchestration.checkpoints.table_state import (
    FILLED_KEY,
    NEWEST_ROW_KEY,
    ROWS_KEY,
    read_last_build,
    why_not_of_today,
)
from catalog_pipeline.orchestration.names import products_key
from catalog_pipeline.report.facts import FailedPage, Recorded, RecordedBuild

MOST_BUILDS = 1000
_MEDIAN = "_median"


def read_recorded(instance: dg.DagsterInstance, catalogue: Catalogue) -> Recorded:
    """All that a report shows of a catalogue's builds and pages."""
    standing = read_standing(instance, catalogue)
    statuses = standing.statuses
    last = read_last_build(instance, catalogue)
    records = instance.fetch_materializations(products_key(catalogue), limit=MOST_BUILDS + 1)
    builds = [
        _build(record.asset_materialization, record.timestamp)
        for record in records.records
        if record.asset_materialization is not None
        and ROWS_KEY in record.asset_materialization.metadata
    ]
    # What is built of the same pages once more takes the place of what was.
    builds = list({build.at: build for build in reversed(builds)}.values())
    left_out = last.left_out if last else {}
    outdated = (
        why_not_of_today(instance, catalogue, last, standing.pages, len(standing.checkpoints))
        if last
        else None
    )
    return Recorded(
        total=len(standing.pages),
        done=len(statuses.done),
        failed=len(statuses.failed),
        in_progress=len(statuses.in_progress),
        missing=len(statuses.missing),
        failures=_failures(standing),
        left_out={str(page): left_out[page] for page in sorted(left_out) if page in statuses.done},
        builds=builds[-MOST_BUILDS:],
        lacks_builds=len(records.records) > MOST_BUILDS,
        outdated=outdated,
        notes=(*last.failed_checks, *last.row_notes) if last else (),
    )


def _build(materialization: dg.AssetMaterialization, timestamp: float) -> RecordedBuild:
    told: Mapping[str, Any] = {key: found.value for key, found in materialization.metadata.items()}
    # Builds of earlier releases did not say of when their pages are.
    at = told.get(NEWEST_ROW_KEY) or timestamp
    return RecordedBuild(
        at=datetime.fromtimestamp(at, timezone.utc),
        rows=told[ROWS_KEY],
        coverage=told.get("coverage"),
        pages_failed=told.get("pages_failed", 0),
        filled={
            name: count
            for name, count in (told.get(FILLED_KEY) or {}).items()
            if name not in PROVENANCE_COLUMNS
        },
        medians={
            key: float(value)
            for key, value in told.items()
            if _MEDIAN in key and isinstance(value, int | float)
        },
    )


def _failures(standing: Standing) -> tuple[FailedPage, ...]:
    return tuple(
        FailedPage(
            page=str(page),
            url=failure.url,
            reason=failure.message.removeprefix(f"page {page} "),
            http_status=failure.http_status,
            at=failure.failed_at,
        )
        for page, failure in sorted(standing.failures.items())
    )
