"""Pages that crawls have stored and that the catalogue does not have yet.

A crawl that finds pages may die between the file of a page and its partition. The next one takes
such a file for the page when it comes to ask for it, and judges it as if it had just come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.doneness import Doneness
from catalog_pipeline.crawling.plan import CutOff, may_be_recovered
from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.damage import damages_of, recognise_all
from catalog_pipeline.storing.store import Store


def left_over(
    catalogue: Catalogue,
    checkpoints: Mapping[PageKey, StoredPage],
    store: Store,
    cut_off: CutOff,
    wiped_at: Callable[[PageKey], datetime | None],
    now: datetime,
) -> dict[PageKey, StoredPage]:
    """The pages beyond those of the catalogue that need no download.

    `checkpoints` are those of pages that it does not have: of a time when its YAML said the pages.
    """
    instant = cut_off.instant if cut_off.is_explicit else None
    known, doneness = set(catalogue.pages), Doneness(catalogue)
    of_use = {
        page: stored
        for page, stored in checkpoints.items()
        if page not in known
        and catalogue.may_find(page)
        and doneness.why_not(stored.record, instant, now) is None
    }
    damaged = damages_of(list(of_use.values()), store)
    found = {page: stored for page, stored in of_use.items() if page not in damaged}
    unnamed = [
        name
        for page, name in store.newest().items()
        if page not in known
        and page not in found
        and catalogue.may_find(page)
        and may_be_recovered(name, checkpoints.get(page), cut_off, wiped_at, now)
    ]
    for page, recognised in recognise_all(unnamed, store).items():
        if isinstance(recognised, StoredPageError):
            continue
        if doneness.why_not(recognised.record, None, now) is None:
            found[page] = recognised
    return found
