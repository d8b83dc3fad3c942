"""Listings that the site names: how a YAML says where, and what one of them is called.

Only the description and the names belong here. How links are read is in `reading.discovery`, how
the site is asked in `crawling.discovering`; `listings` makes listings with pages out of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, model_validator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.bounds import PathOrUrl, Share
from catalog_pipeline.catalogue.fields import Pattern, Selectors, StrictModel
from catalog_pipeline.catalogue.page_template import check_no_template

LONGEST_LISTING_NAME = 63
_HASH_DIGITS = 6
_NO_SIGN = re.compile(r"[^a-z0-9]+")

Place = Annotated[PathOrUrl, AfterValidator(check_no_template)]


class Discover(StrictModel):
    """Where the site names its listings: on a page or in a sitemap. Each crawl over all pages looks
    for them first."""

    page: Place | None = None
    """URL of a page with a link to each listing; `select` goes with it."""
    select: Selectors = ()
    """The links on the page: one selector, or several in order of preference."""
    attribute: str | None = None
    """The attribute of what was selected that holds the address; `href` if not given."""
    sitemap: Place | None = None
    """URL of a sitemap or an index of sitemaps, compressed or not, that lists the listings among
    other addresses; `pattern` tells them apart."""
    pattern: Pattern | None = None
    """Which of the addresses are listings, and what in them is the name: the first group of this
    regular expression, or all that it matches. It is held to the address below `base_url`, such as
    `/c/phones`, then to the whole one. Without it all are, by the last part of their paths."""
    at_most: Annotated[int, Bounded(ge=1, le=10_000)] = 1_000
    """More listings than this fail the crawl: the links are others than was meant."""
    shrink: Share = 0.2
    """Share of the listings, or of all pages, that may be gone at once; if more seem to be, the
    crawl fails and all of them stay."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Discover:
        if (self.page is None) == (self.sitemap is None):
            told = "neither is given" if self.page is None else "both are given"
            raise ValueError(f"say where the listings are named by one of page and sitemap; {told}")
        if self.page is not None and not self.select:
            raise ValueError("say which links of the page lead to listings, as in select: nav a")
        if self.sitemap is not None and (self.select or self.attribute is not None):
            raise ValueError("select and attribute are for the links of a page; leave them out")
        if self.sitemap is not None and self.pattern is None:
            raise ValueError(
                "a sitemap lists all pages of a site; say which are listings by pattern, as in "
                "pattern: ^/c/([^/]+)/$"
            )
        return self

    @property
    def may_lose(self) -> float:
        """The same as a number from 0 to 1."""
        return float(self.shrink)

    @property
    def place(self) -> str:
        """The address that names the listings, as the YAML has it."""
        return self.page or self.sitemap or ""

    @property
    def version(self) -> str:
        """Changes exactly when the same site would give other listings."""
        what = self.model_dump(exclude={"at_most", "shrink"})
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class FoundListing:
    """A listing that the site names.

    `name` is what its pages are called by, `text` what its address has for it, and `address` where
    it is, as the YAML would name it.
    """

    name: str
    text: str
    address: str

    @classmethod
    def of(cls, text: str, address: str) -> FoundListing:
        """The listing of that address, named after a part of it.

        Raises:
            ValueError: the text has nothing of which a name could be made.
        """
        return cls(listing_name(text), text, address)


EXAMPLE = FoundListing("listing", "listing", "/listing")
"""Stands for any of them where the YAML alone is known."""


def listing_name(text: str) -> str:
    """A name for a listing, by the part of its address that names it and nothing else.

    What ASCII cannot show of it, or what is too long, is told apart by a few digits that are made
    of the whole text: a name never depends on which other listings there are.

    Raises:
        ValueError: the text has no letter and no digit.
    """
    meant = unquote(text)
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", meant) if not unicodedata.combining(sign)
    )
    if not any(sign.isalnum() for sign in plain):
        raise ValueError(f"{text!r} has no letter and no digit to name a listing by")
    name = _NO_SIGN.sub("_", plain.lower()).strip("_")
    if not name[:1].isalpha():
        name = f"listing_{name}".rstrip("_")
    is_whole = all(sign.isascii() for sign in plain if sign.isalnum())
    if is_whole and len(name) <= LONGEST_LISTING_NAME:
        return name
    digits = hashlib.sha256(meant.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{name[: LONGEST_LISTING_NAME - _HASH_DIGITS - 1].rstrip('_')}_{digits}"
