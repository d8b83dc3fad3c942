"""Whoever looks on while a crawl and a build go on in this process.

What happens within the crawl itself is told by `crawling.ports.Observer`; added here is what
happens around it. Free of Dagster, so that a display can be there before it is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog_pipeline.crawling.ports import Observer


class Spectator(Observer):
    """Told of the stages too. This one sees nothing; others see what they override."""

    def looks_further(self, kinds: Sequence[str], *, discovers: bool) -> None:
        """The crawl that begins finds further pages of listings of these kinds, or of new ones."""

    def parses_again(self, pages: int) -> None:
        """Of the pages of the crawl that begins so many are only parsed again, not downloaded."""

    def crawl_starts(self, pages: int, *, reparse: bool) -> None:
        """The crawl of so many pages begins; with `reparse` they are only parsed again."""

    def found_damaged(self, problems: Iterable[str]) -> None:
        """Stored pages are damaged; they are downloaded again."""

    def found_moved(self, sentence: str) -> None:
        """Pages were fetched from another address; they are downloaded again."""

    def found_other_history(self, sentence: str) -> None:
        """Pages are recorded under another key than the catalogue's own."""

    def table_starts(self, damage: str | None) -> None:
        """The table is being built; `damage` is that of the old one."""
