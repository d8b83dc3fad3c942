"""What a practice shop has been asked for, as the tests here judge by it."""

from __future__ import annotations

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.waiting import wait_for

IN_FLIGHT = 8
"""The sandbox's concurrency."""
START_SECONDS = 90.0
"""A backfill may wait half a minute for the daemon before it is a run."""


def downloads(shop: RunningShop) -> dict[int, int]:
    """Downloads by page; a 304 is none."""
    return {int(page): count for page, count in shop.hits()["pages"].items()}


def wait_until_half_way(shop: RunningShop) -> None:
    """Until some pages are done and some are in flight."""
    wait_for(
        "the crawl's first pages",
        lambda: len(downloads(shop)) > 2 * IN_FLIGHT,
        START_SECONDS,
        every=0.02,
    )
