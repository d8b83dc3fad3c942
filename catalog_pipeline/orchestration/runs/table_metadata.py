"""What a build tells the web UI, and later builds, of its table: the metadata of the event.

Where the values come from is in `tables`, and of the pages in `completeness`; what of them is read
back is in `checkpoints.table_state`.
"""

from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.table_state import (
    BYTES_KEY,
    DIGEST_KEY,
    DUPLICATES_KEY,
    FILLED_KEY,
    ROWS_KEY,
)
from catalog_pipeline.orchestration.column_schema import table_schema
from catalog_pipeline.orchestration.runs.completeness import Completeness, page_metadata
from catalog_pipeline.orchestration.runs.table_quality import quality_metadata
from catalog_pipeline.tables.preview import markdown_preview
from catalog_pipeline.tables.report import TableReport


def table_metadata(
    catalogue: Catalogue, report: TableReport, completeness: Completeness
) -> dict[str, Any]:
    """All that is known of a table that was built, and of the pages behind it."""
    facts = report.judgement.facts
    return {
        **_of_rows(catalogue, report),
        **quality_metadata(catalogue, report),
        FILLED_KEY: dg.MetadataValue.json(dict(facts.filled)),
        **facts.medians,
        **facts.middles,
        **page_metadata(completeness, report),
    }


def _of_rows(catalogue: Catalogue, report: TableReport) -> dict[str, Any]:
    return {
        ROWS_KEY: report.rows,
        "dagster/column_schema": table_schema(catalogue, report.columns),
        "preview": dg.MetadataValue.md(markdown_preview(report)),
        DUPLICATES_KEY: report.duplicates,
        BYTES_KEY: report.file.file_bytes,
        DIGEST_KEY: report.file.sha256,
        "build_seconds": round(report.build_seconds, 3),
        **{f"{column}_range": text for column, text in report.price_ranges.items()},
    }
