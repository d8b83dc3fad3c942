"""What a build tells of the past: the assets of the history and of the changes, and their metadata.

Also why a build may not take a product for absent. How both are made is in
`catalog_pipeline.tables.history`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.ends import known_end
from catalog_pipeline.orchestration.checkpoints.known_listings import why_not_known
from catalog_pipeline.orchestration.checkpoints.statuses import PageStatuses
from catalog_pipeline.orchestration.checkpoints.table_state import HISTORY_KEY, ROWS_KEY
from catalog_pipeline.orchestration.column_schema import changes_schema, history_schema
from catalog_pipeline.orchestration.names import changes_key, history_key
from catalog_pipeline.orchestration.runs.outputs import Made
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import StoredPage
from catalog_pipeline.tables.preview import markdown_changes
from catalog_pipeline.wording import counted

if TYPE_CHECKING:
    from catalog_pipeline.tables.history.report import HistoryReport


def why_not_all(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    statuses: PageStatuses,
    checkpoints: Mapping[PageKey, StoredPage],
    used: Collection[PageKey],
    more: str,
) -> str | None:
    """Why a product that is on none of the pages may be in the shop; None if nothing says so."""
    lacking = len(catalogue.pages) - len(statuses.done & set(used))
    if lacking:
        return f"{lacking:,} of {counted(len(catalogue.pages), 'page')} not done, or not in use"
    if more:
        return more
    if unknown := why_not_known(instance, catalogue):
        return unknown
    if not catalogue.finds_pages:
        return None
    end = known_end(instance, catalogue, checkpoints, statuses.done)
    oldest = min(checkpoints[page].record.fetched_at for page in used)
    if end is None or end.checked_at < oldest:
        return "the end of the listing was not confirmed by the crawl of these pages"
    return None


def past_results(catalogue: Catalogue, report: HistoryReport) -> list[Made]:
    """The history and the changes as a build left them."""
    places = catalogue_places(catalogue.name)
    counts = asdict(report.counts)
    changes = {name: counts.pop(name) for name in ("new", "gone", "returned", "changed", "values")}
    moves = {
        f"{column}_{way}": getattr(found, way)
        for column, found in report.moves.items()
        for way in ("fell", "rose")
    }
    common: dict[str, Any] = {
        "build": report.build,
        "at": dg.MetadataValue.timestamp(report.at),
        "notes": dg.MetadataValue.json(list(report.notes)),
    }
    return [
        Made(
            history_key(catalogue),
            metadata={
                ROWS_KEY: report.periods,
                "open_periods": report.open_periods,
                **counts,
                **common,
                "dagster/column_schema": history_schema(catalogue, report.history_columns),
                "path": dg.MetadataValue.path(places.told(places.history)),
            },
        ),
        Made(
            changes_key(catalogue),
            metadata={
                ROWS_KEY: report.changes,
                **changes,
                **moves,
                **common,
                "preview": dg.MetadataValue.md(markdown_changes(report, _names(catalogue, report))),
                "dagster/column_schema": changes_schema(catalogue, report.changes_columns),
                "path": dg.MetadataValue.path(places.told(places.changes)),
            },
        ),
    ]


def _names(catalogue: Catalogue, report: HistoryReport) -> list[str | None]:
    """What the products of the first changes are called, as far as it is known."""
    # They bring Arrow along, which a crawl does not wait for.
    from catalog_pipeline.tables.history.courses import key_of
    from catalog_pipeline.tables.history.naming import names_of

    rows = ([row.get(name) for name in catalogue.key_columns] for row in report.head)
    keys = [key_of(iter(row)) for row in rows]
    names = names_of(catalogue, catalogue_places(catalogue.name).table, keys)
    return [names.get(key) for key in keys]


def past_metadata(report: HistoryReport) -> dict[str, Any]:
    """What the table itself says of it, for whoever asks what the last build came to."""
    which = {"build": report.build, "version": report.version}
    told = {**which, **asdict(report.counts), "notes": list(report.notes)}
    return {HISTORY_KEY: dg.MetadataValue.json(told)}
