"""Pages whose stored rows cannot be used as they are: what else can give their rows.

First the newest checkpoint, since a crawl may have replaced the file meanwhile; then the stored
body, parsed by today's YAML. Nothing is written: the page's file and checkpoint stay as they are.
Who parses it, and what that may cost, is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageError, StoredPageError
from catalog_pipeline.records import Reading, StoredPage
from catalog_pipeline.storing.store import Store
from catalog_pipeline.tables.stored_rows import Found, PageRows, read_page

Refetch = Callable[[PageKey], "StoredPage | None"]
"""Gives the newest checkpoint of a page whose file could not be read; None if it has none."""

ReadAgain = Callable[[StoredPage], Reading]
"""What today's YAML reads in the stored body of a page, without secrets; a `PageError` if it
cannot."""


class PageMender:
    """Gets rows of a catalogue's pages that could not be had the short way."""

    def __init__(
        self, catalogue: Catalogue, store: Store, read_again: ReadAgain, refetch: Refetch
    ) -> None:
        self.unreadable: list[PageKey] = []
        """Pages whose stored rows could not be read, and that were parsed again."""
        self._catalogue = catalogue
        self._store = store
        self._read_again = read_again
        self._refetch = refetch

    def usable(self, stored: StoredPage, found: Found) -> PageRows:
        """What was read, or what a newer checkpoint or the stored body gives.

        Raises:
            PageError: nothing does.
        """
        if isinstance(found, PageRows):
            return found
        before = found.problem
        newest = self._refetch(stored.record.page)
        if newest is not None and newest != stored:
            try:
                return read_page(self._store, newest)
            except StoredPageError as error:
                stored, before = newest, error.problem
        try:
            mended = self._parse(stored)
        except PageError as error:
            if isinstance(error, StoredPageError) and error.problem == before:
                # It kept the body from being had, too: there was nothing to parse.
                raise
            problem = f"{before}; parsed again from its stored body: {error}"
            raise StoredPageError(problem, page=stored.record.page) from error
        self.unreadable.append(stored.record.page)
        return mended

    def of_todays_yaml(self, stored: StoredPage, found: Found) -> PageRows:
        """What today's YAML reads in the stored body; where it cannot, what another one read.

        Raises:
            PageError: nothing gives the page's rows.
        """
        version = self._catalogue.code_version
        if stored.record.code_version == version:
            return self.usable(stored, found)
        try:
            parsed = self._parse(stored)
        except PageError:
            return self.usable(stored, found)
        record = replace(stored.record, code_version=version, rows=parsed.rows)
        return replace(parsed, stored=replace(stored, record=record))

    def parsed_again(self, page: PageRows) -> PageRows:
        """The rows that today's YAML reads in the page's stored body.

        Raises:
            PageError: the body is not what the YAML says, or cannot be read.
        """
        return self._parse(page.stored)

    def _parse(self, stored: StoredPage) -> PageRows:
        reading = self._read_again(stored)
        rows = len(next(iter(reading.columns.values())))
        return PageRows(stored, reading.columns, rows, reading.notes)
