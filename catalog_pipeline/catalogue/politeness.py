"""How a catalogue's site may be treated, and what the crawl puts up with from it.

Default values are written here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.fields import Selectors, StrictModel

DEFAULT_CONTACT = "https://github.com/catalog-pipeline/catalog-pipeline"
MEBIBYTE = 1024 * 1024


class Politeness(StrictModel):
    """Rate, concurrency, patience and identity of the crawl."""

    requests_per_second: PositiveFloat | None = 2.0
    """Requests of all threads and runs together; null switches the limit off."""
    concurrency: PositiveInt = 4
    obey_robots: bool = True
    user_agent: str | None = None
    contact: str = DEFAULT_CONTACT
    """A URL or address at which the site's owner can reach you; part of the user agent."""

    connect_timeout_seconds: PositiveFloat = 10.0
    read_timeout_seconds: PositiveFloat = 30.0
    """Longest silence of the server within an answer."""
    request_timeout_seconds: PositiveFloat = 120.0
    """Longest time for one whole answer, however steadily it drips."""

    max_attempts: PositiveInt = 4
    page_timeout_seconds: PositiveFloat = 600.0
    """Longest time for a page with all its attempts; no new attempt starts after it."""
    backoff_seconds: PositiveFloat = 1.0
    max_backoff_seconds: PositiveFloat = 60.0

    stop_when_failed_share: Annotated[float, Bounded(gt=0, le=1)] = 0.8
    """The crawl stops when this share of the last `stop_window` finished pages failed."""
    stop_window: PositiveInt = 20

    @property
    def agent(self) -> str:
        """The User-Agent header."""
        return self.user_agent or f"catalog_pipeline/1.0 (+{self.contact})"


class Limits(StrictModel):
    """What one answer of the server may be at most."""

    max_body_bytes: PositiveInt = 10 * MEBIBYTE
    """As sent over the wire."""
    max_decoded_bytes: PositiveInt = 20 * MEBIBYTE
    """After decompression."""
    max_redirects: NonNegativeInt = 5
    redirect_hosts: tuple[str, ...] = ()
    """Hosts besides the catalogue's own to which a redirect may lead."""


def _is_path_or_url(value: str) -> str:
    if not value.startswith("/") and not urlsplit(value).scheme:
        raise ValueError("start it with / (below base_url) or with http:// or https://")
    return value


PathOrUrl = Annotated[str, AfterValidator(_is_path_or_url)]


class FormLogin(StrictModel):
    """A login form. Hidden inputs, such as a CSRF token, are sent back as found."""

    kind: Literal["form"]
    page: PathOrUrl
    """Where the form is; also what a redirect of an expired session leads to."""
    form: str = "form"
    """CSS selector of the form."""
    username_field: str = "username"
    password_field: str = "password"
    username_env: str
    password_env: str
    logged_in: Selectors | None = None
    """A selector that only pages of a live session match."""
    error: Selectors | None = None
    """A selector that the answer to wrong credentials matches."""


class BasicLogin(StrictModel):
    """HTTP basic authentication."""

    kind: Literal["basic"]
    username_env: str
    password_env: str


class BearerLogin(StrictModel):
    """A bearer token in the Authorization header."""

    kind: Literal["bearer"]
    token_env: str


Login = Annotated[FormLogin | BasicLogin | BearerLogin, Bounded(discriminator="kind")]
