"""What a practice shop has been asked for, as the tests here judge by it."""

from __future__ import annotations

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.patience import wait_for

IN_FLIGHT = 8
"""The sandbox's concurrency."""
HELD_LATENCY_MS = 3000
"""Less than the workers of a dead crawl have to store what they asked for."""
START_SECONDS = 240.0
"""A backfill waits for the daemon before it is a run."""


def downloads(shop: RunningShop) -> dict[int, int]:
    """Downloads by page; a 304 is none."""
    return {int(page): count for page, count in shop.hits()["pages"].items()}


def hold_half_way(shop: RunningShop, latency_ms: int = HELD_LATENCY_MS) -> None:
    """Wait until some pages are done and some are in flight, and let the others take their time."""
    wait_for(
        "the crawl's first pages",
        lambda: len(downloads(shop)) > 2 * IN_FLIGHT,
        START_SECONDS,
        every=0.02,
    )
    shop.control(latency_ms=latency_ms)
