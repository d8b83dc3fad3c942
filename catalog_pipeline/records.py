"""The values that pass between fetching, parsing, storing and crawling.

Plain immutable data without behaviour beyond what is derived from it. Times are UTC, sizes are
bytes, durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import Cookie
from typing import TypeAlias

from catalog_pipeline.catalogue.page_key import PageKey

Cell: TypeAlias = "str | int | float | bool | list[str | int | float | bool] | None"
"""A value as a page file stores it: money as decimal text, timestamps as ISO 8601 text in UTC."""

Columns: TypeAlias = "dict[str, list[Cell]]"
"""Parsed products of one page: column name to one value per product, in page order."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """A text that its field could not read, and that took its value, or the whole row, along.

    `position` counts products on the page from 1; 0 is the page itself.
    """

    field: str
    position: int
    row: bool
    problem: str
    found: str


@dataclass(frozen=True, slots=True)
class PageNotes:
    """What was noted of a page while it was read, by field.

    `several` counts products with more than one value, of which the first was taken, `discarded`
    texts that could not be read, for which `rows` products were left out. `texts` has these texts,
    all of them in a page's file and the first few in its checkpoint. `total` is how many products
    the site says that it has.
    """

    several: dict[str, int] = field(default_factory=dict)
    discarded: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    texts: tuple[Discarded, ...] = ()
    total: int | None = None

    @property
    def lost_positions(self) -> frozenset[int]:
        """The places on the page of the products that were left out."""
        return frozenset(text.position for text in self.texts if text.row)


@dataclass(frozen=True)
class Reading:
    """What was read out of a page: its products, and what was noted of them, if anything was."""

    columns: Columns
    notes: PageNotes | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask later whether a page has changed (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer of the server, decompressed; a 304 has an empty body."""

    url: str
    status: int
    content_type: str | None
    validators: Validators
    body: bytes
    wire_bytes: int
    fetch_seconds: float
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """What a server answered that gave no page; the body is decompressed, and may be cut off."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Redirect:
    """The server named another address for the page; following it is a request of its own."""

    url: str
    location: str
    status: int
    cookies: tuple[Cookie, ...] = field(default=(), repr=False, compare=False)
    """What the visit of this page has been given so far, for the request that follows."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a page tells of its listing, by the rule of the YAML that `by` is the version of.

    `last` is the number of the last page, made of the `total` of products where it tells that;
    `successor` is where the next page is, as the YAML would name it, and None where the page leads
    to none. `found` is what it says, for people; `problem` one sentence where it cannot be told.
    """

    by: str
    last: int | None = None
    total: int | None = None
    successor: str | None = None
    found: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What is known of one download of a page; the checkpoint's metadata is made from it.

    `fetched_at` is when the body, or the 304 that confirmed it, came in. `body_bytes` counts the
    decompressed body, `attempts` the tries within the run. `data_version` is a hash of the parsed
    rows, `code_version` one of the YAML's parsing part.
    """

    page: PageKey
    url: str
    http_status: int
    rows: int
    body_bytes: int
    fetch_seconds: float
    attempts: int
    fetched_at: datetime
    content_type: str | None
    etag: str | None
    last_modified: str | None
    not_modified: bool
    data_version: str
    code_version: str
    asked_at: str | None = None
    """What the page was known by when it was asked for (`catalogue.origins`), before redirects;
    None in records of release 1."""
    products: str | None = None
    """A hash of the keys of its products, in any order; None if they have none, or if it was not
    noted yet."""
    notes: PageNotes | None = None
    """What was noted while the page was read."""
    told: Told | None = None
    """What the page tells of its listing, if the YAML says that it does."""
    same_since: datetime | None = None
    """When the body that a 304 has confirmed had come, or been confirmed before."""

    @property
    def validators(self) -> Validators:
        """What to send to ask for a newer version only."""
        return Validators(self.etag, self.last_modified)


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page that is safely on disk: its record, its file's name and the file's SHA-256."""

    record: PageRecord
    file_name: str
    sha256: str
    carried_over: bool = False
    """The page was taken over from an earlier run, not downloaded by this one."""
    hidden_cells: int = 0
    """In how many cells the site had sent back a secret of the crawl, which is hidden there."""


@dataclass(frozen=True)
class PageFailure:
    """Why a page could not be had in this run, after all its attempts.

    `kind` is a row of the retry table or `parse`; `message` is one sentence that names page and
    URL.
    """

    page: PageKey
    url: str
    kind: str
    message: str
    http_status: int | None
    attempts: int
    failed_at: datetime
    unread_by: str | None = None
    """The code version of the YAML that could not read the page's stored body; None if the page
    was asked for."""


@dataclass(frozen=True)
class ListingEnd:
    """That a page is the last one of its listing, by the signs that the pages after it showed."""

    page: PageKey
    signs: str
    checked_at: datetime


@dataclass(frozen=True)
class ListingFindings:
    """What a crawl that looked for pages found: the confirmed `end` of the listing, or `ends` of
    several; `gone` pages, and `doubted` ones, too many to be dropped. `problems` say why not."""

    gone: tuple[PageKey, ...] = ()
    end: ListingEnd | None = None
    problems: tuple[str, ...] = ()
    ends: tuple[ListingEnd, ...] = ()
    doubted: tuple[PageKey, ...] = ()


@dataclass(frozen=True)
class CrawlOutcome:
    """What a crawl came to. In the rows of the pages `with_secrets` secrets had to be hidden.

    `untried` pages were not begun or not finished: they stay due. `parsed_again` counts the pages
    whose stored bodies were parsed, without a download."""

    downloads: int
    not_modified: int
    failures: tuple[PageFailure, ...]
    untried: tuple[PageKey, ...]
    was_stopped: bool
    with_secrets: tuple[PageKey, ...] = ()
    parsed_again: int = 0
    listing: ListingFindings = ListingFindings()

    def and_then(self, second: CrawlOutcome) -> CrawlOutcome:
        """What it came to together with a crawl that followed."""
        return CrawlOutcome(
            downloads=self.downloads + second.downloads,
            not_modified=self.not_modified + second.not_modified,
            failures=tuple(sorted([*self.failures, *second.failures], key=lambda each: each.page)),
            untried=(*self.untried, *second.untried),
            was_stopped=self.was_stopped or second.was_stopped,
            with_secrets=tuple(sorted({*self.with_secrets, *second.with_secrets})),
            parsed_again=self.parsed_again + second.parsed_again,
            listing=second.listing,
        )
