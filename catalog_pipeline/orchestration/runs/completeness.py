"""How complete the pages behind a table are, and the check that says so in the web UI.

Building the table belongs in `table_run`, which pages are done in `checkpoints`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.orchestration.checkpoints.statuses import (
    PageStatuses,
    explain_failures,
    read_statuses,
)
from catalog_pipeline.orchestration.checkpoints.table_state import (
    LEFT_OUT_KEY,
    NEWEST_ROW_KEY,
    OUTDATED_KEY,
    left_out_metadata,
)
from catalog_pipeline.orchestration.runs.row_ages import RowAges, row_ages
from catalog_pipeline.records import StoredPage
from catalog_pipeline.showing import as_description
from catalog_pipeline.tables.report import TableReport

PAGES_COMPLETE = "pages_are_complete"
_TOLD = 20


@dataclass(frozen=True)
class Completeness:
    """How complete the pages behind a table are; `outside` are pages that it has no rows of."""

    total: int
    used: int
    done: int
    failed: int
    missing: int
    in_progress: int
    ages: RowAges
    outside: str


def measure(
    catalogue: Catalogue, checkpoints: Mapping[PageKey, StoredPage], statuses: PageStatuses
) -> Completeness:
    """Count the pages of a catalogue by what they give the table."""
    ages = row_ages(catalogue, checkpoints, datetime.now(timezone.utc))
    return Completeness(
        total=len(catalogue.pages),
        used=len(checkpoints),
        done=len(statuses.done),
        failed=len(statuses.failed),
        missing=len(statuses.missing),
        in_progress=len(statuses.in_progress),
        ages=ages,
        outside=format_pages(statuses.outside),
    )


def failure_reasons(instance: dg.DagsterInstance, catalogue: Catalogue) -> list[str]:
    """Why the failed pages failed, as far as their runs came to them."""
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    failures = explain_failures(instance, catalogue, statuses, statuses.failed)
    return [failures[page].message for page in sorted(failures)[:_TOLD]]


def pages_complete(completeness: Completeness, reasons: list[str]) -> dg.AssetCheckResult:
    """The check's result: it warns as long as a page is not done."""
    in_progress = completeness.in_progress
    if in_progress and not reasons:
        reasons = [f"{in_progress} pages are in a run that has not ended, or not begun, yet"]
    return dg.AssetCheckResult(
        check_name=PAGES_COMPLETE,
        passed=completeness.done == completeness.total,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_description(reasons[0]) if reasons else None,
        metadata={
            "reasons": dg.MetadataValue.json(reasons),
            "done": completeness.done,
            "failed": completeness.failed,
            "in_progress": in_progress,
            "missing": completeness.missing,
            "total": completeness.total,
        },
    )


def _instant(at: datetime | None) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.timestamp(at) if at is not None else dg.MetadataValue.null()


def page_metadata(completeness: Completeness, report: TableReport) -> dict[str, Any]:
    """What a table says of the pages behind it."""
    return {
        "pages_used": report.pages,
        "pages_done": completeness.done,
        "pages_failed": completeness.failed,
        "pages_missing": completeness.missing,
        "pages_in_progress": completeness.in_progress,
        "pages_stale": len(completeness.ages.stale),
        "oldest_row": _instant(completeness.ages.oldest),
        NEWEST_ROW_KEY: _instant(completeness.ages.newest),
        "pages_outside": completeness.outside,
        "pages_damaged": len(report.left_out),
        "pages_parsed_again": len(report.parsed_again),
        LEFT_OUT_KEY: left_out_metadata(report.left_out),
        OUTDATED_KEY: report.outdated_pages,
        "coverage": round(report.pages / completeness.total, 4),
    }
