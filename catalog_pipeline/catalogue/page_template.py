"""The template of a listing's page addresses: whether each page gets an address of its own.

A page number that never reaches the server, or the same address for two pages, would show as pages
that are done. Not here: what an address may be at all (`bounds`), and making one (`model`).
"""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urlsplit

from catalog_pipeline.catalogue.bounds import checked_path_or_url

PLACEHOLDER = "{page}"
LISTING_PLACEHOLDER = "{listing}"
ADDRESS_PLACEHOLDER = "{listing_url}"
"""At the beginning: the address of a listing that the site names."""
_STAND_IN = "7707"


def checked_listing_address(value: str) -> str:
    """Return `value`, a path, an address, or what follows the address of a listing.

    Raises:
        ValueError: it is none of them.
    """
    rest = value.removeprefix(ADDRESS_PLACEHOLDER)
    if ADDRESS_PLACEHOLDER in rest:
        raise ValueError("{listing_url} is a whole address, and belongs at the beginning")
    checked_path_or_url(value if rest == value else f"/{rest}")
    return value


def checked_template(value: str) -> str:
    """Return `value`, whose page number, if it has one, is in the path or the query.

    Raises:
        ValueError: it is elsewhere, or there is more than one.
    """
    if value.count(PLACEHOLDER) > 1:
        raise ValueError("it must hold {page} once, as in /products?page={page}")
    if PLACEHOLDER in urlsplit(value).fragment:
        raise ValueError(
            "what follows # never reaches the server, and {page} is there; "
            "name the address that the page itself asks, as in /products?page={page}"
        )
    parts = urlsplit(value.replace(PLACEHOLDER, _STAND_IN))
    if _STAND_IN in parts.netloc or _STAND_IN in parts.scheme:
        raise ValueError("{page} belongs in the path or the query, not before them")
    _check_no_steps_up(parts.path)
    _check_one_parameter(parts.query)
    if value.startswith(("//", "/\\")):
        raise ValueError(
            "// begins an address of another host; start it with one /, or with https:// and a host"
        )
    return value


def _check_no_steps_up(path: str) -> None:
    """A step up after the number would take it out of the address again."""
    rest = path.replace("\\", "/").partition(_STAND_IN)[2]
    if any(re.fullmatch(r"(\.|%2e){2}", step, re.IGNORECASE) for step in rest.split("/")):
        raise ValueError("a .. after {page} takes it out again; name the address that is meant")


def _check_one_parameter(query: str) -> None:
    """Of two parameters of one name servers read the first or the last; names with [] are lists."""
    names = [part.partition("=") for part in query.split("&")]
    numbered = {name for name, _, text in names if _STAND_IN in text and not name.endswith("[]")}
    for name in numbered:
        if [each for each, _, _ in names].count(name) > 1:
            raise ValueError(
                f"the parameter {name} is there twice, and not every server reads the one with "
                f"{{page}}"
            )


def check_no_template(value: str) -> str:
    """Return `value`, the address of one page.

    Raises:
        ValueError: it is a template of several.
    """
    if PLACEHOLDER in value:
        raise ValueError("it is one page's address; {page} belongs in page_url alone")
    return value


def page_with_address(template: str, address: str) -> int | None:
    """The page number with which a template gives an address, fragments aside."""
    before, after = urldefrag(template).url.split(PLACEHOLDER)
    found = re.fullmatch(
        f"{re.escape(before)}(0|[1-9][0-9]*){re.escape(after)}", urldefrag(address).url
    )
    return int(found[1]) if found else None
