"""What one page comes to: its products, or why there are none, and what the page tells besides.

How the page is had, and how this is shown, is in `try_page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.reading_limits import within_limits
from catalog_pipeline.errors import ParseError
from catalog_pipeline.fetching.link_header import next_links
from catalog_pipeline.fetching.login_pages import check_session
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.reading.explaining import Explanation, explain
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.reading.json.listing import JsonListingParser
from catalog_pipeline.reading.reader import Reader
from catalog_pipeline.reading.told import telling_reader
from catalog_pipeline.records import Reading, Response, Told


@dataclass(frozen=True)
class TriedPage:
    """What came of one page: its products, or why there are none."""

    response: Response
    path: Path | None
    reading: Reading | None
    error: ParseError | None
    explanation: Explanation | None
    told: Told | None = None
    """What the page tells of its listing."""
    empty: Mapping[str, str] = field(default_factory=dict)
    """The fields of JSON that no product has, and what is there instead."""


def tried_page(
    catalogue: Catalogue,
    parser: Reader,
    page: PageKey,
    response: Response,
    path: Path | None,
    secrets: Secrets,
) -> TriedPage:
    """Read a page within the limits of its catalogue; no secret is in what comes of it."""
    reading, error = None, None
    try:
        body, content_type = response.body, response.content_type
        with within_limits(catalogue, page):
            check_session(catalogue, page, response.url, body, content_type)
            reading = parser.read(body, url=response.url, page=page, content_type=content_type)
    except ParseError as problem:
        secrets.hide_in_error(problem)
        error = problem
    explanation = None
    if isinstance(parser, ListingParser):
        with within_limits(catalogue, page):
            explanation = explain(
                parser, response.body, url=response.url, content_type=response.content_type
            )
    with within_limits(catalogue, page):
        told = _told(catalogue, page, response) if error is None else None
    empty: Mapping[str, str] = {}
    if isinstance(parser, JsonListingParser) and reading is not None:
        with within_limits(catalogue, page):
            empty = parser.why_empty(response.body, reading, response.content_type)
    return TriedPage(
        response,
        path,
        secrets.hide_in(reading),
        error,
        secrets.hide_in(explanation),
        secrets.hide_in(told),
        {name: secrets.hide(reason) for name, reason in empty.items()},
    )


def _told(catalogue: Catalogue, page: PageKey, response: Response) -> Told | None:
    views = (view for view in catalogue.by_listing() if view.all_listings[0].name == page.listing)
    reader = telling_reader(next(views)) if catalogue.tells(page) else None
    if reader is None:
        return None
    return reader.read(
        response.body,
        url=response.url,
        content_type=response.content_type,
        headers=response.headers,
        next_links=next_links(response.headers),
    )
