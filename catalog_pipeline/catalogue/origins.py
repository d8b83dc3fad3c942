"""Whether a stored page is one of the address that the catalogue names for it today.

A page is known by the address that it was asked at, before any redirect: another `base_url` or
`page_url` is another shop until the YAML says that it is the same one (`mirrors`). The practice
shop is served at a new port each time, so that its pages are known by their path alone.

Of pages that lead to each other only the first one has an address by the YAML; the others count if
they were asked at a host of the site.

Records of release 1 hold only the address after redirects. One that differs from the page's
address may be that of a site that redirects, or of another shop, and nothing tells which; it
counts only if the two differ in no more than scheme, `www.` and a slash at the end. All others
are downloaded once more, which is said: a needless download can be had again, a table of two
shops cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import PageRecord

_BASES_NAMED = 3


class Origins:
    """Tells what pages are known by, and of as many records as there are where theirs were fetched.

    What a catalogue says of its addresses is asked of it once: that takes longer than to compare.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._own = _Addresses(catalogue)
        self._mirrors = [
            _Addresses(catalogue.model_copy(update={"base_url": base, "practice_shop": None}))
            for base in catalogue.mirrors
        ]

    def of(self, page: PageKey) -> str:
        """What a page that is asked for now is known by."""
        return self._own.of(page)

    def are_of(self, record: PageRecord) -> bool:
        """Whether the page was asked at the very address that it has now: its validators may go
        there.

        Of a page whose address another page tells it is known no more than that it is of this site.

        Those of a mirror are not this address's, even if its pages count.
        """
        return self._own.are_of(record)

    def elsewhere(self, record: PageRecord) -> str | None:
        """Where the page was fetched, if that is neither its address nor one of a mirror."""
        if self._own.are_of(record) or any(each.are_of(record) for each in self._mirrors):
            return None
        is_address = record.asked_at is not None and bool(urlsplit(record.asked_at).scheme)
        return record.asked_at if is_address else record.url


def how_moved(catalogue: Catalogue, moved: Mapping[PageKey, str]) -> str:
    """What there is to do about pages that were fetched elsewhere, if they are of the same site.

    `mirrors` help only where a page has the same place below another base URL.
    """
    bases = {page: _other_base(catalogue, page, address) for page, address in moved.items()}
    known = sorted({base for base in bases.values() if base is not None})
    clauses = []
    if known:
        are = "is" if len(known) == 1 else "are"
        named = ", ".join(known[:_BASES_NAMED])
        clauses.append(f"if {named} {are} the same site, name that base URL in the YAML's mirrors")
    other = [page for page, base in bases.items() if base is None]
    if other:
        is_list = any(catalogue.listing_of(page).addresses for page in other)
        hint = ": a list counts its pages by place, so that new ones go to its end"
        clauses.append(
            f"the YAML's page_url names other addresses than it did{hint if is_list else ''}"
        )
    return "; ".join(clauses)


def _other_base(catalogue: Catalogue, page: PageKey, address: str) -> str | None:
    """The base URL below which a page would have an address; None if it would below none."""
    listing = catalogue.listing_of(page)
    parts = urlsplit(address)
    if listing.is_linked and page != listing.first_key:
        is_own = _is_of_site(catalogue, address)
        return None if is_own or not parts.netloc else f"{parts.scheme}://{parts.netloc}"
    path = listing.page_path(page.number)
    below = f"/{path.lstrip('/')}"
    if urlsplit(path).netloc or not address.endswith(below):
        return None
    base = address.removesuffix(below)
    return base if urlsplit(base).netloc and base != catalogue.base_url.rstrip("/") else None


class _Addresses:
    """Those that the pages of a catalogue have now."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._listings = {listing.name: listing for listing in catalogue.all_listings}
        self._is_practice = catalogue.practice_shop is not None

    def of(self, page: PageKey) -> str:
        path = self._listing_of(page).page_path(page.number)
        return path if self._is_practice else self._catalogue.absolute(path)

    def are_of(self, record: PageRecord) -> bool:
        listing = self._listing_of(record.page)
        if listing.is_linked and record.page != listing.first_key:
            return _is_of_site(self._catalogue, record.asked_at or record.url)
        address = self.of(record.page)
        if record.asked_at is not None:
            return record.asked_at == address
        if self._is_practice:
            return _path(record.url) == _path(address)
        return _roughly(record.url) == _roughly(address)

    def _listing_of(self, page: PageKey) -> Listing:
        return self._listings.get(page.listing) or self._catalogue.listing_of(page)


def _is_of_site(catalogue: Catalogue, asked_at: str) -> bool:
    """Whether an address that another page has told is of a host that the YAML names."""
    if catalogue.practice_shop is not None:
        return not urlsplit(asked_at).scheme
    hosts = {_host(own) for own in catalogue.own_addresses}
    named = {entry.lower() for entry in catalogue.limits.redirect_hosts}
    return _host(asked_at) in hosts or not named.isdisjoint(
        {_host(asked_at), (urlsplit(asked_at).hostname or "").lower()}
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower().removeprefix("www.")


def _path(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path, parts.query


def _roughly(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.netloc.lower().removeprefix("www."), parts.path.rstrip("/"), parts.query
