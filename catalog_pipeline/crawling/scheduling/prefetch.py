"""Pages that are given to the workers before the site has room for them, and taken back in time.

A worker that has such a page sends its request the moment another one is answered, without asking
the scheduler, which may just be recording a group. That pays where the site is slow, and is done
only where nothing but its answers limits the crawl. When the site wants a rest, or the crawl has
to stop, the pages whose requests have not left come back. The worker's end is `request_slots`.
"""

from __future__ import annotations

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.ports import Throttle
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.crawling.working.request_slots import SLOW_EXCHANGE_SECONDS


class Prefetch:
    """Each page goes with the number of the present `wave`; a wave can be held."""

    def __init__(self, catalogue: Catalogue, pool: WorkerPool, throttle: Throttle) -> None:
        self.wave = 0
        self._pool = pool
        self._throttle = throttle
        self._has_login = catalogue.login is not None
        self._is_slow = False

    @property
    def is_allowed(self) -> bool:
        """Whether workers may have more pages than the site has room for."""
        return self._is_slow and not self._has_login and self._throttle.requests_per_second is None

    def page_came(self, fetch_seconds: float) -> None:
        """Learn from an answer how slow the site is."""
        self._is_slow = fetch_seconds >= SLOW_EXCHANGE_SECONDS

    def take_back(self, wave: int | None = None) -> None:
        """Hold the present wave: what was not sent comes back. Not twice because of one `wave`."""
        if wave is None or wave == self.wave:
            self.wave += 1
            self._pool.held.hold(self.wave)
