"""Whether a listing is as long as the YAML or its first page says, by what its pages show.

Sentences for people, out of what was crawled; nothing is asked, and nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from catalog_pipeline.catalogue.length import ToldLength
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.scheduling.circuit_breaker import ENDING_KINDS
from catalog_pipeline.errors import ParseError, StoredPageError
from catalog_pipeline.reading.html.page_links import page_links
from catalog_pipeline.records import PageFailure, StoredPage
from catalog_pipeline.storing.store import Store

_CONFIRMED = 2
"""How many pages beyond the end it takes where the crawl did not come to the last one."""


def goes_on(catalogue: Catalogue, last: StoredPage, store: Store) -> str | None:
    """That the last page of a listing links to the one after it; None if it does not, cannot be
    read, or if the YAML names the pages one by one."""
    record = last.record
    if catalogue.listing_of(record.page).template is None:
        return None
    after = PageKey(record.page.number + 1, record.page.listing)
    address = catalogue.page_address(after)
    wanted = {address, _at_place_of(record.url, address)}
    try:
        body = store.read(record.page, last.file_name, last.sha256).body
        links = page_links(
            body,
            url=record.url,
            content_type=record.content_type,
            encoding=catalogue.encoding,
        )
        found = next((link for link in links if any(_leads_to(link, each) for each in wanted)), "")
    except (ParseError, StoredPageError):
        return None
    if not found:
        return None
    return (
        f"the {'listing' if after.listing else 'catalogue'} goes on: page {record.page}, its last "
        f"one, links to page {after} "
        f"({_shown(found)}); {_too_low(catalogue, record.page)}"
    )


def shows_less(length: ToldLength, pages: Sequence[StoredPage]) -> str | None:
    """That a listing's pages show fewer products than `per_page` says, and than its first page
    tells, so that more pages are to be feared; None if they do not.

    `pages` are all that the listing has, in order.
    """
    told = pages[0].record.told
    per_page = length.last.per_page
    if told is None or told.total is None or per_page is None:
        return None
    shown = [_products_on(each) for each in pages]
    most = max(shown[:-1] or shown)
    if most >= per_page or sum(shown) >= told.total:
        return None
    return (
        f"the {'listing' if pages[0].record.page.listing else 'catalogue'} seems to go on: page "
        f"{pages[0].record.page} tells of {told.total:,} products, and its pages show "
        f"{sum(shown):,}, no more than {most} each; if so, give pages.last.per_page: {most}"
    )


def _products_on(page: StoredPage) -> int:
    """How many products a page shows, those that were left out as well."""
    notes = page.record.notes
    return page.record.rows + (notes.rows if notes is not None else 0)


def _too_low(catalogue: Catalogue, page: PageKey) -> str:
    """What is to be done where the listing of a page is said to end too early."""
    is_fixed = catalogue.listing_of(page).last_number is not None
    return "give a higher last_page" if is_fixed else "what pages.last finds is too low"


def seems_to_end(
    pages: Sequence[PageKey],
    done: Set[PageKey],
    failures: Mapping[PageKey, PageFailure],
    untried: Set[PageKey] = frozenset(),
) -> str | None:
    """That the last pages of a listing do not exist by the looks of it; None if they may.

    `pages` are those of one listing, in order; to the `untried` ones a crawl did not come before
    it gave up.
    """
    asked = list(pages)
    while asked and asked[-1] in untried:
        asked.pop()
    is_cut_short = len(asked) < len(pages)
    pages = asked
    beyond: list[PageKey] = []
    for page in reversed(pages):
        if page not in failures or failures[page].kind not in ENDING_KINDS:
            break
        beyond.append(page)
    last = pages[-len(beyond) - 1] if len(beyond) < len(pages) else None
    if not beyond or last not in done or (is_cut_short and len(beyond) < _CONFIRMED):
        return None
    kinds = dict.fromkeys(failures[page].kind for page in reversed(beyond))
    how = " or ".join(ENDING_KINDS[kind] for kind in kinds)
    which = "page" if len(beyond) == 1 else "pages"
    return (
        f"the listing seems to end at page {last}: {which} {format_pages(beyond)} {how}; "
        f"if so, give last_page: {last.number if last else 0}"
    )


def _at_place_of(url: str, address: str) -> str:
    """The address at the host where the site was really asked, such as that of a mirror."""
    there, parts = urlsplit(url), urlsplit(address)
    return urlunsplit(parts._replace(scheme=there.scheme, netloc=there.netloc))


def _leads_to(link: str, address: str) -> bool:
    """Whether it is that address, with other parameters beside its own at the most."""
    found, wanted = urlsplit(link), urlsplit(address)
    if _host(found.hostname) != _host(wanted.hostname) or found.port != wanted.port:
        return False
    if unquote(found.path).rstrip("/") != unquote(wanted.path).rstrip("/"):
        return False
    return set(parse_qsl(wanted.query, keep_blank_values=True)) <= set(
        parse_qsl(found.query, keep_blank_values=True)
    )


def _host(name: str | None) -> str:
    return (name or "").lower().removeprefix("www.")


def _shown(url: str) -> str:
    """The address without what may be secret in it, as long as a line bears."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}?{parts.query}"[
        :200
    ].rstrip("?")
