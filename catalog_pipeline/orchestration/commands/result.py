"""What a crawl and a build came to, in numbers and errors.

The words for it belong to whoever asked. Free of Dagster, as the request is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.records import PageFailure


@dataclass(frozen=True)
class ExportResult:
    """What an export came to, and where to; `error` is the sentence that it failed with."""

    name: str
    where: str
    error: str | None


@dataclass(frozen=True)
class NoticesResult:
    """How many notices were taken, and why others were not; they are tried again."""

    sent: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CrawlResult:
    """How a crawl and a build ended; page counts are those of the request's pages.

    `left_out` are the pages of the whole catalogue of which the table can use nothing that is
    stored, `left_out_not_done` those of them that are not done either.
    """

    request: CrawlRequest
    done: int
    failed: int
    missing: int
    in_progress: int
    downloads: int
    not_modified: int
    parsed_again: int
    failures: tuple[PageFailure, ...]
    is_interrupted: bool
    crawl_error: str | None
    table_error: str | None
    table: Path
    table_place: str
    rows: int | None
    run_id: str | None
    duplicates: int = 0
    left_out: Mapping[PageKey, str] = field(default_factory=dict)
    left_out_not_done: frozenset[PageKey] = frozenset()
    failed_pages: frozenset[PageKey] = frozenset()
    """Those of which there are no `failures`, too, as their run ended before it came to them."""
    came_in_vain: int = 0
    """How many pages the site gave, besides the `downloads`, that could not be used."""
    outdated_pages: int = 0
    table_waits: str | None = None
    """What the catalogue's first table lacks yet, where it was not asked for."""
    selected: int = 0
    """How many pages the request came to be about."""
    problems: tuple[str, ...] = ()
    """Why the pages of the listing could not be found."""
    length: tuple[str, ...] = ()
    """What speaks against the length that the YAML gives the listing."""
    length_from: str | None = None
    """What says how long the listing is, where crawls find its pages and its end is known."""
    merged: Mapping[str, int] = field(default_factory=dict)
    row_notes: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()
    """The checks that the table in place fails, in sentences."""
    exports: tuple[ExportResult, ...] = ()
    """The exports that were due after it."""
    notices: NoticesResult | None = None
    """The notices that were due after it, if the catalogue gives any."""
    history: Mapping[str, Any] = field(default_factory=dict)
    """What the build found otherwise than the one before: counts by name, `build` and `notes`."""

    @property
    def is_complete(self) -> bool:
        """Whether all pages that were asked for are done."""
        return self.done == self.selected and not self.problems

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do or to mend."""
        is_without_error = not self.crawl_error and not self.table_error
        is_without_error &= not any(export.error for export in self.exports)
        return self.is_complete and is_without_error and not self.left_out

    @property
    def is_amiss(self) -> bool:
        """Whether there is something to be told to whoever wants to hear of nothing good."""
        is_unsent = self.notices is not None and bool(self.notices.problems)
        is_warned = bool(self.failed_checks or self.length) or is_unsent
        return not self.is_good or self.is_interrupted or is_warned
