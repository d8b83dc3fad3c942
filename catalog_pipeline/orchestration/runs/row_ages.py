"""How old the rows of a table are, by the fetches of their pages and not by what was tried since.

Asked at a build, and again whenever a page's rows come to be stale without one. Not here: how
complete a table is (`completeness`), how soon Dagster expects the next build (`freshness`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.doneness import is_ahead
from catalog_pipeline.orchestration.names import products_key
from catalog_pipeline.records import StoredPage
from catalog_pipeline.showing import as_description

ROWS_FRESH = "rows_are_fresh"


@dataclass(frozen=True)
class RowAges:
    """When the oldest and the newest rows were fetched; which pages are stale, and which were
    fetched by a clock that was `ahead`; and when the next one will be stale.
    """

    oldest: datetime | None
    newest: datetime | None
    stale: tuple[PageKey, ...]
    ahead: tuple[PageKey, ...]
    next_stale_at: datetime | None


def row_ages(
    catalogue: Catalogue, checkpoints: Mapping[PageKey, StoredPage], now: datetime
) -> RowAges:
    """The ages of the rows at an instant."""
    age = timedelta(hours=catalogue.coverage.stale_after_hours)
    fetches = {page: stored.record.fetched_at for page, stored in checkpoints.items()}
    return RowAges(
        oldest=min(fetches.values(), default=None),
        newest=max(fetches.values(), default=None),
        stale=tuple(sorted(page for page, at in fetches.items() if at + age < now)),
        ahead=tuple(sorted(page for page, at in fetches.items() if is_ahead(at, now))),
        next_stale_at=min((at + age for at in fetches.values() if at + age >= now), default=None),
    )


def rows_fresh(catalogue: Catalogue, ages: RowAges) -> dg.AssetCheckResult:
    """The check's result at a build: it warns as long as a page's rows are stale."""
    return dg.AssetCheckResult(check_name=ROWS_FRESH, **_told(catalogue, ages))


def rows_fresh_now(catalogue: Catalogue, ages: RowAges) -> dg.AssetCheckEvaluation:
    """The same, told while nothing is built."""
    key = products_key(catalogue)
    return dg.AssetCheckEvaluation(asset_key=key, check_name=ROWS_FRESH, **_told(catalogue, ages))


def _told(catalogue: Catalogue, ages: RowAges) -> dict[str, Any]:
    hours = catalogue.coverage.stale_after_hours
    told = []
    if ages.stale:
        told.append(
            f"The rows of pages {format_pages(ages.stale)} were fetched more than {hours:g} hours "
            f"ago (coverage.stale_after_hours), the oldest of them at "
            f"{ages.oldest:%Y-%m-%d %H:%M} UTC."
        )
    if ages.ahead:
        told.append(
            f"The rows of pages {format_pages(ages.ahead)} were fetched at times that are still to "
            f"come, by a clock that was ahead: nobody knows how old they are."
        )
    oldest = {"oldest_row": dg.MetadataValue.timestamp(ages.oldest)} if ages.oldest else {}
    return {
        "passed": not told,
        "severity": dg.AssetCheckSeverity.WARN,
        "description": as_description(" ".join(told)) if told else None,
        "metadata": {"stale": len(ages.stale), **oldest},
    }
