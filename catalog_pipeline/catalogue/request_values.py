"""Headers and cookies that a YAML adds to the requests for pages.

A secret is never written there: `{env: NAME}` names the environment variable that holds it. What
requests make of them belongs in `catalog_pipeline.fetching.request_headers`.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.bounds import EnvironmentName, HeaderText
from catalog_pipeline.catalogue.fields import StrictModel

_MAX_CHARACTERS = 4096
_MAX_VALUES = 50
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_COOKIE_VALUE = re.compile(r'"?[!#-+\--:<-\[\]-~]*"?')
"""RFC 6265, section 4.1.1."""
_NOT_GIVEN = {
    "accept-encoding": "what the crawl can undo is asked for",
    "connection": "connections are kept by the crawl",
    "content-length": "it belongs to the body",
    "cookie": "write them under cookies",
    "expect": "it is not waited for",
    "host": "it is the address's",
    "if-modified-since": "it comes from the last download of each page",
    "if-none-match": "it comes from the last download of each page",
    "keep-alive": "connections are kept by the crawl",
    "proxy-authorization": "it belongs to the proxy",
    "range": "pages are asked for as a whole",
    "te": "it belongs to the connection",
    "trailer": "it belongs to the connection",
    "transfer-encoding": "it belongs to the body",
    "upgrade": "it belongs to the connection",
    "user-agent": "write it under politeness.user_agent",
}
_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "x-auth-token", "api-key"})


class FromEnvironment(StrictModel):
    """A value that is secret, and therefore not in the YAML."""

    env: EnvironmentName
    """Environment variable that holds the value."""


def _checked_header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header")
    if name.lower() in _NOT_GIVEN:
        raise ValueError(f"the header {name} cannot be set here: {_NOT_GIVEN[name.lower()]}")
    return name


def _checked_cookie_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a cookie")
    return name


def _checked_length(value: str) -> str:
    if len(value) > _MAX_CHARACTERS:
        raise ValueError(f"it has more than {_MAX_CHARACTERS} characters")
    if value != value.strip():
        raise ValueError("it begins or ends with a blank, which no server would see")
    return value


def checked_cookie_value(value: str) -> str:
    """Return `value`, which a Cookie header can carry.

    Raises:
        ValueError: it cannot.
    """
    if not _COOKIE_VALUE.fullmatch(value) or len(value) > _MAX_CHARACTERS:
        raise ValueError("a cookie's value has no blanks, commas, semicolons or line breaks")
    return value


def _checked_headers(
    headers: dict[str, str | FromEnvironment],
) -> dict[str, str | FromEnvironment]:
    small = [name.lower() for name in headers]
    for name, value in headers.items():
        if small.count(name.lower()) > 1:
            raise ValueError(f"the header {name} is given twice")
        if name.lower() in _SECRET_HEADERS and isinstance(value, str):
            raise ValueError(f"the header {name} is secret; write {{env: NAME}} instead of it")
    return headers


HeaderName = Annotated[str, AfterValidator(_checked_header_name)]
HeaderValue = Annotated[HeaderText, AfterValidator(_checked_length)]
CookieName = Annotated[str, AfterValidator(_checked_cookie_name)]
CookieValue = Annotated[str, AfterValidator(checked_cookie_value)]

Headers = Annotated[
    dict[HeaderName, HeaderValue | FromEnvironment],
    Bounded(max_length=_MAX_VALUES),
    AfterValidator(_checked_headers),
]
Cookies = Annotated[
    dict[CookieName, CookieValue | FromEnvironment], Bounded(max_length=_MAX_VALUES)
]
