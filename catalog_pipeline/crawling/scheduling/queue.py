"""The pages of a crawl on their way: ready, put off until a time, in flight, or arrived.

Bookkeeping only; which page starts, and what its answer means, is decided in `loop` and `results`.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookiejar import Cookie

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import StoredPage


@dataclass(frozen=True)
class PageWork:
    """One page on its way. `previous` is its last checkpoint; times are of the crawl's clock."""

    page: PageKey
    url: str
    previous: StoredPage | None
    shown: str = ""
    """The address as it may be shown, where that is another one."""
    attempt: int = 1
    redirects: int = 0
    is_suspect: bool = False
    """Whether workers died that had the page: it is to be alone with the next one."""
    expiries: int = 0
    """How often the site said that its session has expired."""
    started_at: float | None = None
    """When its first attempt began."""
    attempt_at: float = 0.0
    """When its latest attempt began."""
    turn: int = 0
    """The number that the throttle gave its latest attempt."""
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    """What redirects of the page have set."""
    asked_at: str | None = None
    """What the page is known by, where another page has told its address."""
    wave: int = 0
    """The wave in which its latest attempt was given to a worker."""

    @property
    def shown_url(self) -> str:
        """The address as messages have it."""
        return self.shown or self.url


class PageQueue:
    """Every page that was added is in one of the four states until it is taken out."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._ready: deque[PageWork] = deque()
        self._suspects: deque[PageWork] = deque()
        self._put_off: list[tuple[float, int, PageWork]] = []
        self._in_flight: dict[PageKey, PageWork] = {}
        self._arrived: dict[PageKey, PageWork] = {}

    def add(self, works: Iterable[PageWork]) -> None:
        """Add pages that may start at once, in their order."""
        self._ready.extend(works)

    def first(self, *, may_be_suspect: bool = False) -> PageWork | None:
        """The page that is to start next, if one is ready; suspects go before the others."""
        if may_be_suspect and self._suspects:
            return self._suspects[0]
        return self._ready[0] if self._ready else None

    def drop(self, work: PageWork) -> None:
        """Take the page that `first` gave out without starting it."""
        self._line_of(work).popleft()

    def start(self, work: PageWork) -> None:
        """The page that `first` gave starts, as `work`."""
        self._line_of(work).popleft()
        self._in_flight[work.page] = work

    def turn_of(self, page: PageKey) -> int:
        """The number that the throttle gave a page in flight."""
        return self._in_flight[page].turn

    def arrive(self, page: PageKey) -> None:
        """A page's exchange is over; it is being parsed and stored."""
        self._arrived[page] = self._in_flight.pop(page)

    def land(self, page: PageKey) -> PageWork:
        """Take a page out whose worker is done with it."""
        return self._arrived.pop(page, None) or self._in_flight.pop(page)

    def again(self, work: PageWork) -> None:
        """Put a page in front of all that are ready."""
        self._line_of(work).appendleft(work)

    def put_off(self, work: PageWork, until: float) -> None:
        """Let a page wait until a time."""
        heapq.heappush(self._put_off, (until, next(self._numbers), work))

    def wake(self, now: float) -> None:
        """Make the pages ready whose time has come."""
        while self._put_off and self._put_off[0][0] <= now:
            work = heapq.heappop(self._put_off)[2]
            self._line_of(work).append(work)

    @property
    def next_wake(self) -> float | None:
        """When the next page that was put off becomes ready."""
        return self._put_off[0][0] if self._put_off else None

    @property
    def in_flight(self) -> int:
        """How many pages are being exchanged with the site."""
        return len(self._in_flight)

    @property
    def at_work(self) -> int:
        """How many pages the workers have: in flight, or being parsed and stored."""
        return len(self._in_flight) + len(self._arrived)

    @property
    def is_empty(self) -> bool:
        """Whether no page waits to be started."""
        return not self._ready and not self._suspects and not self._put_off

    @property
    def waiting(self) -> tuple[PageKey, ...]:
        """The pages that wait to be started, sorted."""
        put_off = [work for _, _, work in self._put_off]
        return tuple(sorted(work.page for work in [*self._ready, *self._suspects, *put_off]))

    def _line_of(self, work: PageWork) -> deque[PageWork]:
        return self._suspects if work.is_suspect else self._ready
