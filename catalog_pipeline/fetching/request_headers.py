"""The headers of a request: who asks, what a YAML adds, and which hosts may see which of it.

Secret values come from the environment and go to the catalogue's own site only. None of them is
ever part of a message or a `repr`. Cookies that a site sets belong in
`catalog_pipeline.fetching.cookie_rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog_pipeline.catalogue.request_values import FromEnvironment
from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.fetching.content_encoding import ACCEPT_ENCODING
from catalog_pipeline.fetching.credentials import cookie_of_environment, environment_value

_ACCEPT = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"
_ACCEPT_JSON = "application/json,*/*;q=0.1"


@dataclass(frozen=True)
class RequestHeaders:
    """Header lines and cookies by who may see them; hidden from `repr`."""

    to_all: Mapping[str, str] = field(repr=False)
    """To whatever host is asked for a page."""
    to_site: Mapping[str, str] = field(repr=False)
    """To the catalogue's own site only."""
    cookies_to_site: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(cls, site: Site, environ: Mapping[str, str]) -> RequestHeaders:
        """Read the variables that the YAML names.

        Raises:
            LoginError: one of them is missing, or no header can carry it.
        """
        plain = {name: text for name, text in site.headers.items() if isinstance(text, str)}
        secret = {
            name: environment_value(environ, source.env, f"headers.{name}")
            for name, source in site.headers.items()
            if isinstance(source, FromEnvironment)
        }
        cookies = [
            (
                name,
                source
                if isinstance(source, str)
                else cookie_of_environment(environ, source.env, f"cookies.{name}"),
            )
            for name, source in site.cookies.items()
        ]
        return cls(plain, secret, tuple(cookies))

    def of_page(self, *, is_own_site: bool) -> dict[str, str]:
        """What the YAML adds to a request for a page."""
        return {**self.to_all, **self.to_site} if is_own_site else dict(self.to_all)


def standard_headers(site: Site) -> dict[str, str]:
    """What every request carries, whatever it asks for."""
    return {
        "User-Agent": site.politeness.agent,
        "Accept": _ACCEPT if "text/html" in site.records.page_types else _ACCEPT_JSON,
        "Accept-Encoding": ACCEPT_ENCODING,
    }


def merged(*headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of which later ones replace earlier ones, however they are spelt."""
    found: dict[str, tuple[str, str]] = {}
    for lines in headers:
        found |= {name.lower(): (name, value) for name, value in lines.items()}
    return dict(found.values())
