"""Turns what came for a page into its stored file: a body, a 304, or the stored body parsed anew.

How files are written and verified belongs in `catalog_pipeline.storing`, how pages are read in
`catalog_pipeline.reading`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import NamedTuple

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.origins import Origins
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.working.reading_board import ReadingBoard
from catalog_pipeline.crawling.working.same_products import products_hash
from catalog_pipeline.crawling.working.telling import Telling
from catalog_pipeline.errors import ParseError, StoredPageError
from catalog_pipeline.fetching.login_pages import check_session, shows_no_session
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.reading.reader import alone_to_blame, reader_of
from catalog_pipeline.reading.watch import watched
from catalog_pipeline.records import (
    Columns,
    PageNotes,
    PageRecord,
    Reading,
    Response,
    StoredPage,
    Validators,
)
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.storing.stores import page_store


class _Read(NamedTuple):
    """What a body held, without secrets: its columns, what was noted of them, the rows as they are
    stored, and how many cells held a secret."""

    columns: Columns
    notes: PageNotes | None
    rows: bytes
    hidden_cells: int


class PageWriter:
    """Parses and stores the pages of one catalogue; its threads share it.

    Secrets that a site sends back are hidden in rows and record. The body is stored as it came.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        places: CataloguePlaces,
        secrets: Secrets,
        board: ReadingBoard,
    ) -> None:
        self._secrets = secrets
        self._board = board
        self._store = page_store(places)
        self._parser = reader_of(catalogue)
        self._telling = Telling(catalogue, secrets)
        self._catalogue = catalogue
        self._code_version = catalogue.code_version
        self._key_columns = catalogue.key_columns
        self._origins = Origins(catalogue)

    def usable(self, previous: StoredPage | None, asked_at: str | None = None) -> PageFile | None:
        """The stored page, if it may stand in for a 304.

        A damaged one, or one of another address, is downloaded in full. `asked_at` is the page's
        address where another page has told it.
        """
        if previous is None or previous.record.validators == Validators():
            return None
        if asked_at is not None and previous.record.asked_at != asked_at:
            return None
        if not self._origins.are_of(previous.record):
            return None
        if self._telling.needs_headers(previous.record.page):
            # A 304 need not repeat the headers that tell of the listing.
            return None
        try:
            file = self._store.read(previous.record.page, previous.file_name, previous.sha256)
        except StoredPageError:
            return None
        is_read_anew = file.record.code_version != self._code_version
        return None if is_read_anew and self._shows_no_session(file) else file

    def store(
        self,
        page: PageKey,
        attempt: int,
        response: Response,
        previous: PageFile | None,
        *,
        asked_at: str | None = None,
    ) -> StoredPage:
        """Store what a request for a page gave; `previous` was the condition of the request.

        `asked_at` is the page's address where another page has told it.

        Raises:
            ParseError: the page is not what the catalogue's YAML says.
            StorageError: it cannot be written.
        """
        origin = asked_at or self._origins.of(page)
        if response.status != 304:
            return self._parsed(page, attempt, response, response.body, None, origin)
        if previous is None:
            raise ParseError("304 for a request without a condition", page=page, url=response.url)
        if previous.record.code_version != self._code_version:
            return self._parsed(page, attempt, response, previous.body, previous.record, origin)
        record = replace(
            previous.record,
            fetched_at=_now(),
            fetch_seconds=response.fetch_seconds,
            attempts=attempt,
            not_modified=True,
            asked_at=origin,
            same_since=_same_since(previous.record),
        )
        return self._store.write_again(record, previous)

    def read_again(self, stored: StoredPage) -> Reading:
        """What a stored body holds by today's YAML; nothing is stored.

        Raises:
            ParseError: the body is not what the catalogue's YAML says.
            StoredPageError: the stored file is missing or damaged.
        """
        _, read = self._read_stored(stored)
        return Reading(read.columns, read.notes)

    def parse_again(self, previous: StoredPage) -> StoredPage:
        """Parse a stored body again and store the page with the new rows.

        Raises:
            ParseError: the body is not what the catalogue's YAML says.
            StoredPageError: the stored file is missing or damaged.
            StorageError: the page cannot be written.
        """
        record = previous.record
        file, (columns, notes, rows, hidden) = self._read_stored(previous)
        told = None
        if self._catalogue.tells(record.page):
            with self._reading(record.page):
                told = self._telling.told_again(record, file.body)
        mended = replace(
            record,
            rows=len(next(iter(columns.values()))),
            data_version=page_file.data_version(rows),
            code_version=self._code_version,
            products=products_hash(columns, self._key_columns),
            notes=notes,
            told=told,
        )
        return replace(self._store.write(mended, rows, file.body), hidden_cells=hidden)

    def _parsed(
        self,
        page: PageKey,
        attempt: int,
        response: Response,
        body: bytes,
        kept: PageRecord | None,
        asked_at: str,
    ) -> StoredPage:
        """Parse and store a body; with a 304 it is the stored one, and `kept` its record."""
        content_type = kept.content_type if kept else response.content_type
        columns, notes, rows, hidden = self._read(body, response.url, page, content_type)
        told = None
        if self._catalogue.tells(page):
            with self._reading(page):
                told = self._telling.told(page, response, body, content_type)
        validators = kept.validators if kept else self._without_secrets(response.validators)
        record = PageRecord(
            page=page,
            url=self._secrets.hide(response.url),
            http_status=kept.http_status if kept else response.status,
            rows=len(next(iter(columns.values()))),
            body_bytes=len(body),
            fetch_seconds=response.fetch_seconds,
            attempts=attempt,
            fetched_at=_now(),
            content_type=self._secrets.hide(content_type) if content_type else content_type,
            etag=validators.etag,
            last_modified=validators.last_modified,
            not_modified=kept is not None,
            data_version=page_file.data_version(rows),
            code_version=self._code_version,
            asked_at=asked_at,
            products=products_hash(columns, self._key_columns),
            notes=notes,
            told=told,
            same_since=_same_since(kept) if kept else None,
        )
        return replace(self._store.write(record, rows, body), hidden_cells=hidden)

    def _read_stored(self, stored: StoredPage) -> tuple[PageFile, _Read]:
        record = stored.record
        file = self._store.read(record.page, stored.file_name, stored.sha256)
        with self._reading(record.page):
            check_session(self._catalogue, record.page, record.url, file.body, record.content_type)
        return file, self._read(file.body, record.url, record.page, record.content_type)

    def _shows_no_session(self, file: PageFile) -> bool:
        with self._reading(file.record.page):
            return shows_no_session(self._catalogue, file.body, file.record.content_type)

    def _read(self, body: bytes, url: str, page: PageKey, content_type: str | None) -> _Read:
        with self._reading(page):
            reading = self._parser.read(body, url=url, page=page, content_type=content_type)
            columns, hidden = self._secrets.hide_in_rows(reading.columns)
            notes = self._secrets.hide_in(reading.notes)
            return _Read(columns, notes, page_file.rows_json(columns), hidden)

    @contextmanager
    def _reading(self, page: PageKey) -> Iterator[None]:
        """What is noted as reading, and no more: what storing costs is not the page's fault."""
        with (
            alone_to_blame(page),
            self._board.reading(page) as place_begins,
            watched(place_begins),
        ):
            yield

    def _without_secrets(self, validators: Validators) -> Validators:
        """A validator with a secret in it is none: it would have to be stored as it is."""
        return Validators(
            *(
                None if self._secrets.are_in(value) else value
                for value in (validators.etag, validators.last_modified)
            )
        )


def _same_since(record: PageRecord) -> datetime:
    return record.same_since or record.fetched_at


def _now() -> datetime:
    return datetime.now(timezone.utc)
