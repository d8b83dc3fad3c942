"""What a build has to say of its rows: what was left out, merged and chosen, and what checks make
of it. Values of the report only; how a table is built is in `table_run`.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.table_state import (
    DISCARDED_KEY,
    FAILED_CHECKS_KEY,
    MERGED_KEY,
    ROW_NOTES_KEY,
    SEVERAL_KEY,
    TOTAL_KEY,
)
from catalog_pipeline.showing import as_description
from catalog_pipeline.tables.report import TableReport

VALUES_READABLE = "values_are_readable"
ROWS_AS_TOLD = "rows_are_as_many_as_the_site_says"
_TEXTS_TOLD = 20


def quality_metadata(catalogue: Catalogue, report: TableReport) -> dict[str, Any]:
    """Metadata of the table, each of it only where there is something to tell."""
    merged, notes = report.merged, report.notes
    told: dict[str, Any] = {}
    if merged.rows:
        told[MERGED_KEY] = dg.MetadataValue.json(
            {"same_page": merged.same_page, "equal": merged.equal, "different": merged.different}
        )
    if notes.discarded:
        told[DISCARDED_KEY] = dg.MetadataValue.json(
            {"rows": notes.lost_rows, "by_field": dict(notes.discarded)}
        )
    if notes.several:
        told[SEVERAL_KEY] = dg.MetadataValue.json(dict(notes.several))
    if notes.totals:
        told[TOTAL_KEY] = sum(notes.totals.values())
    if report.rows_of_listings:
        told["rows_by_listing"] = dg.MetadataValue.json(dict(report.rows_of_listings))
    verdicts = report.judgement.verdicts
    if failed := [f"check {each.name} fails: {each.told}" for each in verdicts if not each.passed]:
        told[FAILED_CHECKS_KEY] = dg.MetadataValue.json(failed)
    if sentences := list(_sentences(catalogue, report)):
        told[ROW_NOTES_KEY] = dg.MetadataValue.json(sentences)
    return told


def quality_checks(catalogue: Catalogue) -> list[str]:
    """The checks of its rows that the catalogue's table has."""
    may_discard = any(field.on_invalid != "fail_page" for field in catalogue.fields.values())
    told = {VALUES_READABLE: may_discard, ROWS_AS_TOLD: catalogue.total is not None}
    return [name for name, is_wanted in told.items() if is_wanted]


def check_rows(
    catalogue: Catalogue, report: TableReport, *, is_complete: bool
) -> list[dg.AssetCheckResult]:
    """What these checks come to."""
    results = {
        VALUES_READABLE: _values_readable(catalogue, report),
        ROWS_AS_TOLD: _rows_as_told(catalogue, report, is_complete=is_complete),
    }
    return [results[name] for name in quality_checks(catalogue)]


def _values_readable(catalogue: Catalogue, report: TableReport) -> dg.AssetCheckResult:
    """Whether any text had to be left out; an error above the share that the YAML allows."""
    notes = report.notes
    share = max(notes.discarded.values(), default=0) / max(notes.products, 1)
    is_too_much = share > catalogue.discarded.share
    severity = dg.AssetCheckSeverity.ERROR if is_too_much else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        check_name=VALUES_READABLE,
        passed=not notes.discarded,
        severity=severity,
        description=_first(_of_discarded(report)),
        metadata={
            "share": round(share, 4),
            "products_left_out": notes.lost_rows,
            "by_field": dg.MetadataValue.json(dict(notes.discarded)),
            "texts": dg.MetadataValue.json(_texts(report)),
        },
    )


def _rows_as_told(
    catalogue: Catalogue, report: TableReport, *, is_complete: bool
) -> dg.AssetCheckResult:
    """Whether the table has as many products as the site says; a warning while pages lack."""
    wrong = next(_of_total(catalogue, report), None)
    totals = report.notes.totals
    severity = dg.AssetCheckSeverity.ERROR if is_complete else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        check_name=ROWS_AS_TOLD,
        passed=wrong is None,
        severity=severity,
        description=None if wrong is None else as_description(wrong),
        metadata={"rows": report.rows, **({"told": sum(totals.values())} if totals else {})},
    )


def _first(sentences: Iterator[str]) -> str | None:
    """The first sentence, for the web UI, which takes it for Markdown."""
    first = next(sentences, None)
    return None if first is None else as_description(first)


def _sentences(catalogue: Catalogue, report: TableReport) -> Iterator[str]:
    yield from _of_discarded(report)
    for name, products in report.notes.several.items():
        yield (
            f"{name}: {products:,} products have several values, of which the first was taken "
            f"(`nth` says which one counts)"
        )
    if catalogue.total is not None:
        yield from _of_total(catalogue, report)


def _of_discarded(report: TableReport) -> Iterator[str]:
    for name, number in report.notes.discarded.items():
        page, text = next(
            ((page, text) for page, text in report.notes.texts if text.field == name),
            (None, None),
        )
        left_out = "products were left out" if text and text.row else "values were left out"
        example = (
            f", such as page {page}, product {text.position}: {text.found!r} ({text.problem})"
            if text
            else ""
        )
        yield f"{name}: {number:,} {left_out}, as they could not be read{example}"


def _of_total(catalogue: Catalogue, report: TableReport) -> Iterator[str]:
    """What does not agree with the totals that the pages of each listing tell."""
    for listing in catalogue.all_listings:
        total = report.notes.totals.get(listing.name)
        rows = report.rows if listing.name is None else report.rows_of_listings.get(listing.name, 0)
        of, whose = ("", "it") if listing.name is None else (f" of {listing.name}", listing.name)
        if total is None:
            yield (f"no page{of} says how many products the site has, though `total` says where")
        elif total != rows:
            yield (f"the site says that {whose} has {total:,} products, and the table has {rows:,}")


def _texts(report: TableReport) -> list[dict[str, Any]]:
    return [
        {
            "page": str(page),
            "product": text.position,
            "field": text.field,
            "found": text.found,
            "problem": text.problem,
        }
        for page, text in report.notes.texts[:_TEXTS_TOLD]
    ]
