"""What is found on a page before it is values, and what is noted while it becomes values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from catalog_pipeline.records import Columns, Discarded, PageNotes, Reading


@dataclass
class Texts:
    """A field's text of each product, and what else was found for it there.

    `others` has, by a product's place, the other texts behind the first that are not the same.
    `every` has all texts of each product, for fields that choose among them.
    """

    first: list[str | None]
    others: dict[int, list[str]] = field(default_factory=dict)
    every: list[list[str]] | None = None


@dataclass
class Findings:
    """What is noted of a page while its fields are read; `dropped` are places of products."""

    several: dict[str, int] = field(default_factory=dict)
    discarded: list[Discarded] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)
    total: int | None = None


def reading_of(columns: Columns, findings: Findings) -> Reading:
    """The products of a page without those that lost their row, and what was noted of it."""
    if not (findings.several or findings.discarded or findings.total is not None):
        return Reading(columns)
    if findings.dropped:
        columns = {
            name: [cell for place, cell in enumerate(cells) if place not in findings.dropped]
            for name, cells in columns.items()
        }
    return Reading(
        columns,
        PageNotes(
            several=findings.several,
            discarded=dict(Counter(text.field for text in findings.discarded)),
            rows=len(findings.dropped),
            texts=tuple(findings.discarded),
            total=findings.total,
        ),
    )
