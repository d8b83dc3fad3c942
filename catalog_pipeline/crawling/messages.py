"""What the scheduler asks of a worker and what a worker answers: one HTTP exchange each.

Plain values that cross a process boundary, errors as they were raised. `session` counts the logins
of the crawl: whoever found a session expired tells by it whether a newer one is there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import Cookie
from typing import TypeAlias, TypeGuard

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.calls import CallDone, CallFailed, CallWatched
from catalog_pipeline.errors import (
    FetchError,
    LoginError,
    PageError,
    ParseLimitError,
    StorageError,
    WorkerError,
)
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import Reading, StoredPage


@dataclass(frozen=True)
class WorkerSetup:
    """The first message to a worker process."""

    catalogue: Catalogue
    places: CataloguePlaces
    threads: int
    requests: int
    held_waves: int
    asks: bool = True
    reading_board: int | None = None
    """`requests` is how many pages it may ask for at once; `threads` are more, since pages are
    parsed too. `held_waves` is the descriptor of the memory that says which waves are held; without
    `asks` it needs no credentials. In that of `reading_board` it notes what it is reading."""


@dataclass(frozen=True, slots=True)
class FetchPage:
    """Download a page (once), parse it, store it.

    `url` is the page's own address or where a redirect led. `previous` is the page's last
    checkpoint, for a conditional request. `is_paced` asks for a `PageSent`. A page whose `wave` is
    held before its request was sent, or that is not sent until `not_after` (`time.monotonic()`),
    comes back as `PageHeld`. `is_ahead` spares the `PageArrived`: the worker has its next page
    already. `asked_at` is what the page is known by where another page has told its address.
    """

    page: PageKey
    url: str
    attempt: int
    session: int = 0
    previous: StoredPage | None = None
    is_paced: bool = False
    wave: int = 0
    is_ahead: bool = False
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    asked_at: str | None = None
    not_after: float = float("inf")


@dataclass(frozen=True, slots=True)
class ReparsePage:
    """Parse a stored body again and store the page with the new rows."""

    page: PageKey
    previous: StoredPage


@dataclass(frozen=True, slots=True)
class ReadStored:
    """Parse a stored body again and tell the rows; nothing is stored."""

    page: PageKey
    stored: StoredPage


@dataclass(frozen=True, slots=True)
class FetchRobots:
    """Download robots.txt from `url`, if that is not too late, as of a page."""

    url: str
    not_after: float = float("inf")


@dataclass(frozen=True, slots=True)
class LogIn:
    """Log in with the credentials of the worker's environment.

    A login is several requests; `interval_seconds` is the pause wanted between them.
    """

    session: int
    interval_seconds: float = 0.0


def is_page(task: object) -> TypeGuard[FetchPage | ReparsePage | ReadStored]:
    """Whether a task is about a page."""
    return isinstance(task, FetchPage | ReparsePage | ReadStored)


Task: TypeAlias = FetchPage | ReparsePage | ReadStored | FetchRobots | LogIn | CallWatched


@dataclass(frozen=True, slots=True)
class PageSent:
    """The request for a page leaves now, at that `time.monotonic()`; more follows."""

    page: PageKey
    at: float


@dataclass(frozen=True, slots=True)
class PageArrived:
    """The page's exchange is over, and the site may be asked for another one; more follows."""

    page: PageKey


@dataclass(frozen=True, slots=True)
class PageStored:
    """The page is on disk; its name is durable after the next `Store.sync`."""

    page: PageKey
    stored: StoredPage


@dataclass(frozen=True, slots=True)
class PageRead:
    """What the page's stored body holds."""

    page: PageKey
    reading: Reading


@dataclass(frozen=True, slots=True)
class PageHeld:
    """The page was not asked for: its wave is held, or it would have been too late."""

    page: PageKey


@dataclass(frozen=True, slots=True)
class PageRedirected:
    """The page is at another address, which the rules for redirects allow.

    `shown` is that address as it may be shown: there may be a secret in it. `cookies` are what the
    site has given to this visit of the page.
    """

    page: PageKey
    url: str
    shown: str
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class PageRefused:
    """This attempt gave no page, because of the `error`."""

    page: PageKey
    error: PageError


@dataclass(frozen=True, slots=True)
class SessionExpired:
    """The site wants a login before it shows the page."""

    page: PageKey
    session: int


@dataclass(frozen=True, slots=True)
class RobotsAnswered:
    """What robots.txt's server said at `url`; if it `was_late` nobody was asked."""

    url: str
    status: int | None
    body: bytes = b""
    location: str | None = None
    error: FetchError | None = None
    was_late: bool = False


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session is there; it is in the cookie file."""

    session: int


@dataclass(frozen=True, slots=True)
class LoginPutOff:
    """The site could not be asked for a login, because of the `error`."""

    error: FetchError


@dataclass(frozen=True, slots=True)
class CrawlBroke:
    """Nothing more can be had, because of the `error`: the whole crawl has to stop."""

    error: LoginError | StorageError | WorkerError


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker process has ended; another one takes its place. No worker sends this.

    `tasks` are those that it did not answer, `reading` the pages that it was just reading.
    `exceeded` says of pages why it was ended because of them; one without a page is the login's.
    `status` is as `subprocess` has it; `places` names what of the YAML was evaluated on a page.
    One that had begun with none of its pages, or was stopped from outside, does not tell of them.
    """

    tasks: tuple[Task, ...]
    reading: frozenset[PageKey]
    exceeded: tuple[ParseLimitError, ...]
    status: int
    pid: int
    places: Mapping[PageKey, str] = field(default_factory=dict)
    tells_of_pages: bool = True


News: TypeAlias = PageSent | PageArrived

Answer: TypeAlias = (
    PageSent
    | PageArrived
    | PageStored
    | PageRead
    | PageHeld
    | PageRedirected
    | PageRefused
    | SessionExpired
    | RobotsAnswered
    | LoggedIn
    | LoginPutOff
    | CallDone
    | CallFailed
    | CrawlBroke
    | WorkerLost
)
