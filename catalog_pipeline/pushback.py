"""What a failed exchange tells about the health of a site. What is made of it is the throttle's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pushback:
    """What a failed exchange tells about the site's health, for the whole crawl.

    `retry_after_seconds` is the site's own wish (429 and 503 with Retry-After), if it gave one;
    `slow_down` says that the site asked to be left in peace, with or without a time.
    """

    slow_down: bool = False
    retry_after_seconds: float | None = None
