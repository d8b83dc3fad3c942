"""How a set of pages becomes one run: its tags and its config.

A contiguous set is Dagster's own partition range; any other set goes into the run's config,
because Dagster would make one run of each gap. Pages that are only parsed again are in the config
alone: they stay done, whatever becomes of the run, so that it does not announce them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages, page_ranges
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    pages_step,
)


def crawl_run_tags(catalogue: Catalogue, pages: Sequence[PageKey]) -> dict[str, str]:
    """Tags of a run over the pages."""
    tags = {CATALOGUE_TAG: catalogue.name}
    if _is_a_range(catalogue, pages):
        first, last = next(page_ranges(pages))
        tags |= {RANGE_START_TAG: str(first), RANGE_END_TAG: str(last)}
    return tags


def crawl_run_config(
    catalogue: Catalogue,
    pages: Sequence[PageKey],
    cutoff: datetime | None,
    *,
    reparse: bool = False,
    parse_again: Collection[PageKey] | None = None,
    finds: bool | None = None,
) -> dict[str, Any]:
    """Config of a run over the pages; without `parse_again` it finds out which those are."""
    config: dict[str, Any] = {}
    if not _is_a_range(catalogue, pages):
        config["pages"] = format_pages(pages)
    if cutoff is not None:
        config["cutoff"] = cutoff.isoformat()
    if reparse:
        config["reparse"] = True
    if finds is not None and not catalogue.is_fixed:
        config["finds"] = finds
    if parse_again is not None:
        config["parse_again"] = format_pages(parse_again)
    return {"ops": {pages_step(catalogue): {"config": config}}} if config else {}


def _is_a_range(catalogue: Catalogue, pages: Sequence[PageKey]) -> bool:
    """Whether Dagster has the pages, and no others, from the first to the last of them.

    Pages of several listings may be partitions in the order in which they were found.
    """
    is_in_order = catalogue.is_fixed or not catalogue.has_named_listings
    return is_in_order and len(list(page_ranges(pages))) == 1
