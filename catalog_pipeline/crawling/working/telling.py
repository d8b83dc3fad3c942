"""What a page that came tells of its listing, as it is kept in the page's record.

How it is read out of the page is in `catalog_pipeline.reading.told`; here it is held to where a
crawl may go, and to what may be kept.
"""

from __future__ import annotations

from dataclasses import replace

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.failures import safe_url
from catalog_pipeline.fetching.link_header import next_links
from catalog_pipeline.fetching.redirects import REFUSED, check_redirect
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.reading.told import TellingReader, telling_reader
from catalog_pipeline.records import PageRecord, Response, Told


class Telling:
    """Reads it for the pages of one catalogue; threads share it."""

    def __init__(self, catalogue: Catalogue, secrets: Secrets) -> None:
        self._catalogue = catalogue
        self._secrets = secrets
        views = zip(catalogue.all_listings, catalogue.by_listing(), strict=True)
        self._readers = {listing.name: telling_reader(view) for listing, view in views}

    def needs_headers(self, page: PageKey) -> bool:
        """Whether the stored body of a page does not tell it."""
        reader = self._reader(page)
        return reader is not None and reader.needs_headers

    def told(
        self, page: PageKey, response: Response, body: bytes, content_type: str | None
    ) -> Told | None:
        """What the page tells; None where it is no page that does."""
        reader = self._reader(page)
        if reader is None:
            return None
        told = reader.read(
            body,
            url=response.url,
            content_type=content_type,
            headers=response.headers,
            next_links=next_links(response.headers),
        )
        return self._kept(told, response.url)

    def told_again(self, record: PageRecord, body: bytes) -> Told | None:
        """What a stored page tells by the YAML as it is now."""
        reader = self._reader(record.page)
        if reader is None:
            return None
        if reader.needs_headers:
            return record.told
        told = reader.read(body, url=record.url, content_type=record.content_type)
        return self._kept(told, record.url)

    def _reader(self, page: PageKey) -> TellingReader | None:
        """What reads it out of that page; None where it is no page that tells anything."""
        return self._readers[page.listing] if self._catalogue.tells(page) else None

    def _kept(self, told: Told, url: str) -> Told:
        if told.successor is None:
            return self._secrets.hide_in(told)
        try:
            address = check_redirect(self._catalogue, url, told.successor)
        except FetchError as error:
            why = error.problem.removeprefix(REFUSED)
            problem = f"{safe_url(url)}: the next page is refused: {why}"
            return self._secrets.hide_in(replace(told, successor=None, problem=problem))
        successor = self._catalogue.below_base(address)
        if self._secrets.are_in(successor):
            problem = (
                f"{safe_url(url)}: the address of the next page holds a secret of the crawl, and "
                f"is not kept"
            )
            return self._secrets.hide_in(Told(told.by, problem=problem))
        return replace(told, successor=successor, found=successor)
