"""What a crawl needs of others, as narrow interfaces; implementations are elsewhere.

An interface says what every implementation is held to by one suite of tests. Here is no logic: what
an implementation shares with another belongs in a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage

Fence: TypeAlias = "Callable[[Callable[[], None]], None]"
"""Does what records something: all of it or nothing, and only for whoever may still record."""


def unfenced(act: Callable[[], None]) -> None:
    """The `Fence` where nobody else could have taken over."""
    act()


class Recorder(Protocol):
    """Whoever writes checkpoints; a page counts as done when `record_pages` has returned."""

    def record_pages(self, pages: Sequence[StoredPage]) -> None:
        """Record pages that are safely on disk."""

    def pages_found(self, pages: Sequence[PageKey]) -> None:
        """Make pages known that the listing has, before they are asked for."""

    def record_failure(self, failure: PageFailure) -> None:
        """Record that a page was given up."""

    def take_back(self, page: PageKey) -> None:
        """Let a page count as never recorded, so that the failure which follows makes it failed."""


class Lease(Protocol):
    """The sole right to crawl a catalogue, or pages of it, held until it is let go of, or its
    holder dies."""

    @property
    def pages(self) -> frozenset[PageKey] | None:
        """The pages that it is a right to; None for all, of which others have none then."""

    @property
    def descriptors(self) -> Sequence[int]:
        """What a program has to keep open to share the lease: it outlives the holder by that."""

    def name_workers(self, pids: Sequence[int]) -> None:
        """Say which processes share it, so that the next holder can end them if need be."""

    @property
    def asks_until(self) -> float:
        """Until when, in `seconds_since_boot`, the site may be asked by its holder."""

    def check(self) -> None:
        """Make sure that it is still held, or that it is again.

        Raises:
            LeaseLostError: somebody else has taken over.
            StorageError: that cannot be found out, and the site must not be asked meanwhile.
        """

    def record(self, act: Callable[[], None]) -> None:
        """A `Fence`: do what records something while the lease is held.

        Raises:
            LeaseLostError: somebody else has taken over; nothing of it is recorded.
        """


class Throttle(Protocol):
    """When the next request to a site may start. Times are monotonic seconds."""

    @property
    def requests_per_second(self) -> float | None:
        """The rate at present, None without a limit."""

    @property
    def interval_seconds(self) -> float:
        """Time from one start to the next, at the present rate; 0 without a limit."""

    def seconds_until_free(self, now: float) -> float:
        """How long to wait until a request may start; 0 means that it may start now."""

    def take(self, now: float, *, is_page: bool = True) -> int:
        """Count a request that starts now, when none has to wait; return its number, for `sent`.

        Raises:
            ValueError: it would have to wait.
        """

    def latest_start(self, number: int) -> float:
        """Until when a request may leave; later it must not, and is `unused`."""

    def sent(self, number: int, at: float) -> None:
        """Note when a request really left for the server, if that was later than its start."""

    def answered(self, number: int) -> None:
        """Note that the server has answered a request."""

    def unused(self, number: int) -> None:
        """Note that a request did not leave, and will not."""

    def space_from(self, now: float) -> None:
        """Begin an interval at `now`, after requests that somebody else has spaced."""

    def limit_to(self, requests_per_second: float, now: float) -> None:
        """Lower the limit for good; a higher one changes nothing."""

    def push_back(
        self, now: float, retry_after_seconds: float | None, *, started_at: float | None = None
    ) -> None:
        """Give way to a site that asks for less; `started_at` is when it was asked."""

    def succeeded(self, now: float) -> None:
        """Count a good answer."""


LATENESS_SECONDS = 0.25
"""How long after its beginning a turn may be used."""
LONGEST_LATENESS_SECONDS = 2.25
"""The same where the way to the place that gives turns is as long as it may be."""


@dataclass(frozen=True)
class Wish:
    """Turns that are wanted: so many, an interval from each other; none, if there is but to tell.

    In any window no more than `most` of all may be in use. One is from its beginning until a
    window's length after its request was answered, or could be no more on its way to the site,
    which it begins no later than `lateness_seconds` after. What was drawn and `answered`, so many
    seconds ago, or is `unused`, is told by the turns' names.
    """

    interval_seconds: float
    count: int = 1
    most: int | None = None
    window_seconds: float = 1.0
    lateness_seconds: float = LATENESS_SECONDS
    answered: Mapping[int, float] = field(default_factory=dict)
    unused: Sequence[int] = ()


@dataclass(frozen=True)
class Draw:
    """The names of the turns that were drawn, of which the first one is in so many seconds; without
    a name none was, and there is none before then."""

    seconds: float
    turns: Sequence[int] = ()


WAY_SECONDS = 1.0
"""How long a request takes to the site at the most, for whoever counts the site's own seconds."""
HORIZON_SECONDS = 0.25
"""Turns that are further away are not drawn yet: by then an answer may have come."""


class Pace(Protocol):
    """The turns of a site among all machines that ask it. Seconds are counted from now."""

    def draw(self, wish: Wish) -> Draw:
        """Draw turns, if there are some soon."""

    def rest(self, seconds: float) -> None:
        """Let nobody have a turn for so long."""

    def rest_seconds(self) -> float:
        """For how long nobody has a turn."""


class Observer:
    """Told of what happens in a crawl, in its main thread; slow work here slows the crawl.

    This one sees nothing; others see what they override.
    """

    def planned(self, plan: CrawlPlan) -> None:
        """The pages of the run were sorted into done, recovered and due."""

    def waiting_for(self, holder: str) -> None:
        """Another run crawls the catalogue; this one waits for it."""

    def going_on(self, waited_seconds: float) -> None:
        """Told a few times a second: for so long since the last time only the site's limits kept
        a page from starting."""

    def pages_found(self, number: int) -> None:
        """So many further pages are known to be there, and are asked for."""

    def page_stored(self, stored: StoredPage) -> None:
        """A page was downloaded, or confirmed by a 304, and is on disk."""

    def page_failed(self, failure: PageFailure) -> None:
        """A page was given up."""

    def put_off(self, reason: str, seconds: float) -> None:
        """A page, or the login, will be tried again after some seconds."""

    def slowed_down(self, reason: str) -> None:
        """The site asks for fewer requests than the catalogue would send."""

    def stopping(self, reason: str) -> None:
        """No new page starts; those in flight are being finished."""

    def finished(self, outcome: CrawlOutcome) -> None:
        """The crawl has ended by itself or as asked, and everything is recorded."""

    def gave_up(self, outcome: CrawlOutcome) -> None:
        """The crawl ends with an error that follows; what it came to by then is recorded."""
