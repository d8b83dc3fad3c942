"""Which listings a site names: the links of a page, and the names that are made of addresses.

What a sitemap lists is read in `sitemap`. Whether the addresses may be asked for, and what becomes
of listings that are gone, is decided by whoever asks the site
(`catalog_pipeline.crawling.discovering`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from urllib.parse import urldefrag, urlsplit

from catalog_pipeline.catalogue.discovered import Discover, FoundListing
from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.charset import charset_of, in_utf8
from catalog_pipeline.reading.html.diagnosis import best, diagnose
from catalog_pipeline.reading.html.document import drop_templates, parse_document
from catalog_pipeline.reading.html.matching import FieldMatcher, Products
from catalog_pipeline.reading.html.page_kind import page_kind
from catalog_pipeline.reading.html.page_links import link_resolver
from catalog_pipeline.reading.html.selectors import page_selector
from catalog_pipeline.reading.text_budget import TextBudget
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.values.patterns import Pattern
from catalog_pipeline.reading.watch import Place, at_most, evaluating

_NAMED = 3


class ListingLinks:
    """The links to listings on a page of a catalogue's site."""

    def __init__(self, catalogue: Catalogue, rule: Discover) -> None:
        """Check the selectors.

        Raises:
            CatalogueError: one of them cannot be used.
        """
        self._catalogue, self._rule = catalogue, rule
        self._selector = partial(page_selector, catalogue.name, "discover.select")
        self._selectors = tuple(self._selector(text) for text in rule.select)

    def addresses(self, body: bytes, *, url: str, content_type: str | None = None) -> list[str]:
        """The web addresses that the links lead to, each once, without fragments.

        Raises:
            ParseError: there are none, or the page cannot be read.
            ParseLimitError: reading it takes longer than `limits.parse_seconds`.
        """
        with at_most(self._catalogue.limits.parse_seconds):
            charset = charset_of(body, content_type, self._catalogue.encoding)
            root = parse_document(in_utf8(body, charset))
            drop_templates(root)
            field = Field(
                select=self._rule.select,
                attribute=self._rule.attribute or "href",
                many=True,
                type=FieldType.TEXT,
            )
            matcher = FieldMatcher(self._selectors, field)
            with evaluating(Place.DISCOVER):
                texts = matcher.texts(Products([root], {}), TextBudget(self._catalogue.limits))
            found = texts.every[0] if texts.every else []
            if not found:
                brief = best([diagnose(each, [root], self._selector) for each in self._selectors])
                signs = [sign for sign in (page_kind(root), brief.brief) if sign]
                raise ParseError(
                    "; ".join(
                        [f"{' | '.join(self._rule.select)} finds no link on the page", *signs]
                    )
                )
        links = link_resolver(root, url, charset)
        return list(dict.fromkeys(_web_addresses(links, found, url)))


def _web_addresses(links: LinkResolver, texts: Iterable[str], url: str) -> Iterable[str]:
    """Where the links lead that lead anywhere: `javascript:` does not, nor does `#top`."""
    here = urldefrag(url).url
    for text in texts:
        try:
            address, fragment = urldefrag(links.absolute(text.strip()))
        except ParseError:
            continue
        if address != here or not fragment:
            yield address


class ListingNames:
    """Collects the listings among addresses of a site, of which there may be very many."""

    def __init__(self, catalogue: Catalogue, rule: Discover) -> None:
        self._catalogue, self._rule = catalogue, rule
        self._pattern = None if rule.pattern is None else Pattern(rule.pattern)
        self._found: dict[str, FoundListing] = {}
        self._addresses = 0
        self.others = 0
        """How many of the addresses are no listings."""
        self.other_addresses: list[str] = []
        """Some of those."""

    @property
    def addresses(self) -> int:
        """How many addresses were looked at."""
        return self._addresses

    def take(self, addresses: Iterable[str]) -> None:
        """Look at some addresses more.

        Raises:
            ParseError: there are too many listings, or two of the same name.
            ParseLimitError: the pattern takes longer than `limits.parse_seconds`.
        """
        with at_most(self._catalogue.limits.parse_seconds):
            for url in addresses:
                self._addresses += 1
                self._look_at(url)

    def all(self) -> tuple[FoundListing, ...]:
        """The listings, in the order of their names.

        Raises:
            ParseError: there are none.
        """
        if not self._found and self._rule.pattern is None:
            raise ParseError("it leads to no web address")
        if not self._found:
            shown = ", ".join(self.other_addresses) or "none"
            raise ParseError(
                f"the pattern {self._rule.pattern} matches none of the {self._addresses:,} "
                f"addresses, such as {shown}"
            )
        return tuple(self._found[name] for name in sorted(self._found))

    def _look_at(self, url: str) -> None:
        text = _name_in(self._catalogue, self._pattern, url)
        address = self._catalogue.path_of_address(url)
        if text is None:
            self.others += 1
            if len(self.other_addresses) < _NAMED:
                self.other_addresses.append(address)
            return
        listing = _listing(text, address)
        other = self._found.setdefault(listing.name, listing)
        if other.address != listing.address:
            raise ParseError(
                f"two listings would be called {listing.name}: {other.address} and "
                f"{listing.address}; give a pattern that tells them apart, or takes one alone"
            )
        if len(self._found) > self._rule.at_most:
            raise ParseError(
                f"it names more than {self._rule.at_most:,} listings, which is what "
                f"discover.at_most allows"
            )


def _name_in(catalogue: Catalogue, pattern: Pattern | None, url: str) -> str | None:
    """The part of an address that names a listing; None if it is that of none."""
    path = catalogue.path_of_address(url)
    if pattern is None:
        parts = [part for part in urlsplit(url).path.split("/") if part]
        return parts[-1] if parts else ""
    match = pattern.search(path) or pattern.search(url)
    if match is None:
        return None
    text = match[1 if pattern.groups else 0]
    if not text:
        raise ParseError(f"the first group of the pattern {pattern.text} is empty for {path}")
    return str(text)


def _listing(text: str, address: str) -> FoundListing:
    try:
        return FoundListing.of(text, address)
    except ValueError as error:
        raise ParseError(f"the address {address} gives no name: {error}; give a pattern") from error
