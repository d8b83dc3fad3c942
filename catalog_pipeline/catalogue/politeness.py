"""How a catalogue's site may be treated, and what the crawl puts up with from it.

Default values are written here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as Bounded

from catalog_pipeline.catalogue.bounds import (
    MEBIBYTE,
    Attempts,
    Bytes,
    Count,
    EnvironmentName,
    HeaderText,
    Host,
    PathOrUrl,
    Redirects,
    RequestRate,
    Seconds,
    Threads,
)
from catalog_pipeline.catalogue.fields import Selectors, StrictModel

DEFAULT_CONTACT = "https://github.com/catalog-pipeline/catalog-pipeline"


class Politeness(StrictModel):
    """Rate, concurrency, patience and identity of the crawl."""

    requests_per_second: RequestRate | None = 2.0
    """Requests of all threads and runs together; null switches the limit off."""
    concurrency: Threads = 4
    """Requests that are under way at a time."""
    obey_robots: bool = True
    """Whether robots.txt decides what may be fetched, and how fast."""
    max_crawl_delay_seconds: Seconds | None = None
    """Longest pause between two requests that robots.txt can ask for; without it, up to a day."""
    user_agent: HeaderText | None = None
    """The whole User-Agent header; made from the project's name and `contact` if not given."""
    contact: HeaderText = DEFAULT_CONTACT
    """A URL or address at which the site's owner can reach you; part of the user agent."""

    connect_timeout_seconds: Seconds = 10.0
    """Longest wait for a connection."""
    read_timeout_seconds: Seconds = 30.0
    """Longest silence of the server within an answer."""
    request_timeout_seconds: Seconds = 120.0
    """Longest time for one whole answer, however steadily it drips."""

    max_attempts: Attempts = 4
    """Downloads of a page that are tried within one run, the first one included."""
    page_timeout_seconds: Seconds = 600.0
    """Longest time for a page with all its attempts; no new attempt starts after it."""
    backoff_seconds: Seconds = 1.0
    """Wait before the second attempt; it doubles with each further one."""
    max_backoff_seconds: Seconds = 60.0
    """Longest wait between two attempts, unless the site asks for more."""

    stop_when_failed_share: Annotated[float, Bounded(gt=0, le=1)] = 0.8
    """The crawl stops when this share of the last `stop_window` finished pages failed."""
    stop_window: Count = 20
    """How many of the last finished pages `stop_when_failed_share` looks at."""

    @property
    def agent(self) -> str:
        """The User-Agent header."""
        return self.user_agent or f"catalog_pipeline/1.0 (+{self.contact})"


class Limits(StrictModel):
    """What one answer of the server may be, and cost, at most."""

    max_body_bytes: Bytes = 10 * MEBIBYTE
    """Longest body as sent over the wire."""
    max_decoded_bytes: Bytes = 20 * MEBIBYTE
    """Longest body after decompression."""
    max_cell_bytes: Bytes = MEBIBYTE
    """The text of one value, as it stands on the page."""
    max_rows_bytes: Bytes = 16 * MEBIBYTE
    """The texts of all values of a page together."""
    parse_seconds: Seconds = 20
    """How long reading the products of one page may take."""
    parse_memory: Bytes = 512 * MEBIBYTE
    """How much memory reading the products of one page may take, in bytes."""
    max_redirects: Redirects = 5
    """Redirects that are followed one after the other."""
    redirect_hosts: tuple[Host, ...] = ()
    """Hosts besides the catalogue's own to which a redirect may lead."""


class FormLogin(StrictModel):
    """A login form. Hidden inputs, such as a CSRF token, are sent back as found."""

    kind: Literal["form"]
    """A form on a page of the site."""
    page: PathOrUrl
    """Where the form is; also what a redirect of an expired session leads to."""
    form: str = "form"
    """CSS selector of the form."""
    username_field: str = "username"
    """Name of the form's input for the user's name."""
    password_field: str = "password"  # noqa: S105 - the name of an input, no secret
    """Name of the form's input for the password."""
    username_env: EnvironmentName
    """Environment variable that holds the user's name."""
    password_env: EnvironmentName
    """Environment variable that holds the password."""
    logged_in: Selectors | None = None
    """A selector that only pages of a live session match."""
    error: Selectors | None = None
    """A selector that the answer to wrong credentials matches."""


class BasicLogin(StrictModel):
    """HTTP basic authentication."""

    kind: Literal["basic"]
    """A name and a password with each request."""
    username_env: EnvironmentName
    """Environment variable that holds the user's name."""
    password_env: EnvironmentName
    """Environment variable that holds the password."""


class BearerLogin(StrictModel):
    """A bearer token in the Authorization header."""

    kind: Literal["bearer"]
    """A token with each request."""
    token_env: EnvironmentName
    """Environment variable that holds the token."""


Login = Annotated[FormLogin | BasicLogin | BearerLogin, Bounded(discriminator="kind")]
