"""What an exchange with a site needs to know of it; a `Catalogue` is one.

How the pages are read, what the table holds and when it is refreshed are no business of whoever
fetches, and not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from catalog_pipeline.catalogue.page_format import Records
from catalog_pipeline.catalogue.politeness import Limits, Login, Politeness
from catalog_pipeline.catalogue.request_values import FromEnvironment


class Site(Protocol):
    """A site as its visitor sees it."""

    @property
    def name(self) -> str:
        """The catalogue's name, for messages."""

    @property
    def base_url(self) -> str:
        """The address below which everything of the site is."""

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """One address of each host that pages are asked from by the YAML."""

    @property
    def page_addresses(self) -> tuple[str, ...]:
        """The addresses of pages as the YAML gives them, templates among them."""

    @property
    def is_discovered(self) -> bool:
        """Whether the site says which listings there are."""

    @property
    def is_linked(self) -> bool:
        """Whether the site's pages say where the next one is."""

    @property
    def politeness(self) -> Politeness:
        """Rate, concurrency, patience and identity."""

    @property
    def limits(self) -> Limits:
        """What an answer may be at most."""

    @property
    def records(self) -> Records:
        """What the pages are made of."""

    @property
    def login(self) -> Login | None:
        """How to log in, where that is needed."""

    @property
    def headers(self) -> Mapping[str, str | FromEnvironment]:
        """Headers that requests for pages carry besides the crawl's own."""

    @property
    def cookies(self) -> Mapping[str, str | FromEnvironment]:
        """Cookies that requests for pages of the site carry from the start."""

    def absolute(self, path_or_url: str) -> str:
        """`path_or_url` below `base_url`."""
