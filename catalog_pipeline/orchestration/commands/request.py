"""What a crawl and a build are asked to do: which pages of which catalogue, and how.

Free of Dagster, so that whoever asks can say so before it is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey


@dataclass(frozen=True)
class CrawlRequest:
    """Done pages that were fetched before `cutoff` are due; None: done stays done.

    With `reparse` the stored pages are parsed again, and nothing is downloaded.
    `pages` is None for all pages that there are, where crawls find them.
    `base_url` is the address that was given instead of the catalogue's own, if one was.
    """

    catalogue: Catalogue
    pages: tuple[PageKey, ...] | None
    cutoff: datetime | None = None
    reparse: bool = False
    base_url: str | None = None

    def wanted(self, known: Iterable[PageKey]) -> frozenset[PageKey]:
        """The pages that it is about, `known` being all that there are."""
        return frozenset(known if self.pages is None else self.pages)

    @property
    def is_whole(self) -> bool:
        """Whether it is about all pages of the catalogue."""
        if self.pages is None:
            return True
        return self.catalogue.is_fixed and len(self.pages) == len(self.catalogue.pages)
