"""Whether as few rows gave way to others of the same key as may.

A table in which more did is never put in place, whatever else the YAML says of checks. Why rows
give way is decided in `tables.duplicates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from catalog_pipeline.tables.report import MergedRows
from catalog_pipeline.verdict import Verdict

KEYS_UNIQUE = "product_keys_are_unique"


def keys_unique(
    merged: MergedRows, rows: int, at_most: float, examples: Sequence[Mapping[str, str]]
) -> Verdict:
    """The verdict on a table of so many rows; `at_most` is the share of all that may give way."""
    all_rows = rows + merged.rows
    passed = merged.rows <= at_most * all_rows
    told = "no row has the key of another one"
    if merged.rows:
        told = f"{merged.rows:,} of {all_rows:,} rows have the key of another one ({merged})"
    if not passed:
        told += f", more than the {at_most:.0%} that duplicates.at_most allows"
    seen = {"rows": all_rows, "gave_way": merged.rows, **asdict(merged)}
    return Verdict(
        KEYS_UNIQUE, passed, told, seen, {"share": at_most}, examples, always_keeps_old_table=True
    )
