"""What a failed exchange tells about the health of a site. What is made of it is the throttle's."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RETRY_AFTER_SECONDS = 7 * 86_400.0
"""The longest wish of a site that is told from longer ones; no crawl waits for as long as that."""


@dataclass(frozen=True)
class Pushback:
    """What a failed exchange tells about the site's health, for the whole crawl.

    `retry_after_seconds` is the site's own wish (429 and 503 with Retry-After), if it gave one, up
    to `MAX_RETRY_AFTER_SECONDS`;
    `slow_down` says that the site asked to be left in peace, with or without a time.
    """

    slow_down: bool = False
    retry_after_seconds: float | None = None
