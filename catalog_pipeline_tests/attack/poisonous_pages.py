"""Poisonous pages of every kind among 200 good ones, against the time of the good ones alone."""

from __future__ import annotations

import time
from collections.abc import Mapping

from catalog_pipeline.sandbox.faults import Fault
from catalog_pipeline.sandbox.poison import POISON
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline_tests.attack.attacks import Attack
from catalog_pipeline_tests.attack.projects import project
from catalog_pipeline_tests.poisonous_shop import (
    HANGING,
    PARSE_SECONDS,
    changes_of_the_catalogue,
    poisoned,
)
from catalog_pipeline_tests.site import bundled_attributes

GOOD = 200
LATENCY_MS = 400
MAX_SHARE = 1.3


def poisonous_pages() -> str:
    """The good pages are crawled alone first, then with the others among them."""
    _, alone = _crawled({}, GOOD)
    done, together = _crawled(poisoned(GOOD), GOOD + len(POISON))
    deadlines = PARSE_SECONDS * len(HANGING)
    share = (together - deadlines) / alone
    verdict = "at most" if share <= MAX_SHARE else "not within"
    return (
        f"{done} done of {GOOD}, {len(POISON)} failed; {alone:.1f} s alone, {together:.1f} s with "
        f"{deadlines:g} s of deadlines: {share:.2f} x, {verdict} {MAX_SHARE}"
    )


def _crawled(kinds: Mapping[int, str], pages: int) -> tuple[int, float]:
    """How many pages were done, and in which time."""
    faults = tuple(Fault(page, kind) for page, kind in kinds.items())
    settings = ShopSettings(pages=pages, latency_ms=LATENCY_MS, faults=faults)
    attributes = bundled_attributes("sandbox") | changes_of_the_catalogue(pages)
    attributes["politeness"]["requests_per_second"] = None
    del attributes["practice_shop"], attributes["schedule"]
    with RunningShop(settings, port=0) as shop, project(shop.url, pages, attributes) as crawled:
        started = time.monotonic()
        told = crawled.summary()
        took = time.monotonic() - started
    if told["failed"] != len(kinds):
        raise AssertionError(f"{told['failed']} failed, and {len(kinds)} should have: {told}")
    return int(told["done"]), took


ATTACKS = (
    Attack(
        f"{len(POISON)} kinds of poison",
        poisonous_pages,
        rf"^{GOOD} done of {GOOD}, {len(POISON)} failed; .* x, at most",
        400,
        300,
    ),
)
