"""Types of the numbers and texts in a YAML, each held to what a crawl can make use of.

Beyond these bounds a value would only fail later, in a timer of the operating system, in memory or
in a request's header, where nothing says that the YAML is wrong.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator
from pydantic import Field as Bounded

MEBIBYTE = 1024 * 1024
MAX_PAGES = 1_000_000
"""Listing pages of one catalogue; Dagster keeps all partition keys of an asset in memory."""
_DAY_SECONDS = 24 * 60 * 60
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
CATALOGUE_NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""Names of catalogues, which are values of tags, too; Dagster takes 63 characters in one."""


def checked_catalogue_name(value: str) -> str:
    """Return `value`, a folder's name that a catalogue can go by.

    Raises:
        ValueError: it is none.
    """
    if not CATALOGUE_NAME_PATTERN.fullmatch(value):
        rule = "use a-z, 0-9 and _, beginning with a letter, at most 63 of them"
        raise ValueError(f"{value!r} is no name for a catalogue; {rule}")
    return value


def checked_base_url(value: str) -> str:
    """Return `value`, an absolute HTTP URL without query.

    Raises:
        ValueError: it is none.
    """
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is no address such as https://shop.example")
    if parts.query or parts.fragment:
        raise ValueError("it must not have a query or fragment")
    if "{page}" in value:
        raise ValueError("{page} belongs in page_url")
    if parts.username or parts.password:
        raise ValueError("credentials do not belong in it; declare a login")
    return value


def checked_path_or_url(value: str) -> str:
    """Return `value`, a path below the site's address or an address of its own.

    Raises:
        ValueError: it is neither.
    """
    scheme = _split(value).scheme
    is_path = value.startswith("/") and not scheme
    if not is_path and scheme not in ("http", "https"):
        raise ValueError("start it with / (below base_url) or with http:// or https://")
    if "@" in _split(value).netloc:
        raise ValueError("credentials do not belong in it; declare a login")
    return value


def _checked_header_text(value: str) -> str:
    if not value.strip() or not (value.isascii() and value.isprintable()):
        raise ValueError("it goes into a header; use printable ASCII characters")
    return value


def _checked_host(value: str) -> str:
    parts = _split(f"//{value}")
    if not parts.hostname or parts.netloc != value or "@" in value:
        raise ValueError(f"{value!r} is no host such as cdn.shop.example or cdn.shop.example:8080")
    return value


def _checked_slug(value: str) -> str:
    if not NAME_PATTERN.fullmatch(value):
        raise ValueError(f"{value!r} is no part of a key; use a-z, 0-9 and _; several are a list")
    return value


def _split(value: str) -> SplitResult:
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ValueError(f"{value!r} holds blanks or characters that cannot be printed")
    parts = urlsplit(value)
    if parts.port == 0:
        raise ValueError(f"{value!r} names port 0")
    return parts


PathOrUrl = Annotated[str, AfterValidator(checked_path_or_url)]
BaseUrl = Annotated[str, AfterValidator(checked_base_url)]
Host = Annotated[str, AfterValidator(_checked_host)]
HeaderText = Annotated[str, AfterValidator(_checked_header_text)]
Slug = Annotated[str, AfterValidator(_checked_slug)]
EnvironmentName = Annotated[str, Bounded(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _share(value: float | str) -> float:
    if isinstance(value, str):
        number = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)", value.strip())
        if number is None:
            raise ValueError(f"{value!r} is no share such as 20% or 0.2")
        value = float(number[1]) / (100 if number[2] else 1)
    if not 0 <= value <= 1:
        raise ValueError("a share is from 0 to 1, or from 0% to 100%")
    return value


Share = Annotated[float | str, AfterValidator(_share)]
"""A part of a whole: `20%` or `0.2`."""
Seconds = Annotated[float, Bounded(gt=0, le=_DAY_SECONDS)]
RequestRate = Annotated[float, Bounded(ge=0.00001, le=100_000)]
"""Requests per second: from about one a day to more than any site bears."""
Hours = Annotated[float, Bounded(gt=0, le=24 * 366 * 10)]
"""Up to ten years."""
Runs = Annotated[int, Bounded(ge=1, le=64)]
Threads = Annotated[int, Bounded(ge=1, le=256)]
Attempts = Annotated[int, Bounded(ge=1, le=1000)]
Redirects = Annotated[int, Bounded(ge=0, le=100)]
Bytes = Annotated[int, Bounded(ge=1, le=1024 * MEBIBYTE)]
PageNumber = Annotated[int, Bounded(ge=0, le=10**12)]
Rows = Annotated[int, Bounded(ge=0, le=10**12)]
Count = Annotated[int, Bounded(ge=1, le=MAX_PAGES)]
"""Of pages, and of what there is no more of than pages."""
