"""The rows of stored pages, verified and in page order, in batches of bounded size.

A few threads read files ahead, still compressed; a batch is unpacked when it is asked for, so that
memory depends on the size of a batch and not on that of the catalogue or of its cells. A page that
cannot be read comes as the error instead of its rows; what is then done about it is not decided
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.records import Columns, PageNotes, PageRecord, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.storing.reading_ahead import most_in_a_chunk, read_chunks_ahead
from catalog_pipeline.storing.store import Store

if TYPE_CHECKING:
    from catalog_pipeline.tables.json_columns import PagesTogether

BATCH_ROWS = 4_000
BATCH_BYTES = 16 << 20
"""Of rows, as the page files hold them before compression."""
_CHUNK_BODY_BYTES = 16 << 20
"""What is read at once: a page's file is smaller than its body and its rows together."""


@dataclass(frozen=True)
class PageRows:
    """The rows of one page, as its file holds them or as they were parsed again.

    `together` has the cells of all pages that were read with this one, if they were: its own are
    then sound, and made of the file when they are asked for.
    """

    stored: StoredPage
    held: Columns | PageFile
    rows: int
    notes: PageNotes | None = None
    together: PagesTogether | None = None

    @property
    def columns(self) -> Columns:
        """The rows by column."""
        return self.held.columns if isinstance(self.held, PageFile) else self.held

    @property
    def record(self) -> PageRecord:
        """What is known of the page's download."""
        return self.stored.record


Found: TypeAlias = "PageRows | StoredPageError"
_T = TypeVar("_T")
_Packed: TypeAlias = "PageFile | StoredPageError"
ReadTogether: TypeAlias = "Callable[[Sequence[PageFile]], PagesTogether | None]"
"""Reads the rows of some pages at once; None if they have to be read one by one."""


def read_page(store: Store, stored: StoredPage) -> PageRows:
    """The rows of a page, if its file is the recorded one.

    Raises:
        StoredPageError: the file is missing, altered, or does not hold what its record says.
    """
    return _unpacked(stored, _packed(store, stored))


def read_batches(
    store: Store, pages: Sequence[StoredPage], read_together: ReadTogether = lambda files: None
) -> Iterator[list[tuple[StoredPage, Found]]]:
    """The pages in the given order, in batches of about `BATCH_ROWS` rows or `BATCH_BYTES`."""
    batch: list[tuple[StoredPage, _Packed]] = []
    rows = size = 0
    for stored, file in _read_ahead(store, pages):
        weight = 0 if isinstance(file, StoredPageError) else file.rows_bytes
        if batch and size + weight > BATCH_BYTES:
            yield _found(batch, read_together)
            batch, rows, size = [], 0, 0
        batch.append((stored, file))
        rows, size = rows + stored.record.rows, size + weight
        if max(rows, len(batch)) >= BATCH_ROWS:
            yield _found(batch, read_together)
            batch, rows, size = [], 0, 0
    if batch:
        yield _found(batch, read_together)


def _found(
    batch: Sequence[tuple[StoredPage, _Packed]], read_together: ReadTogether
) -> list[tuple[StoredPage, Found]]:
    files = [file for _, file in batch if isinstance(file, PageFile)]
    together = read_together(files) if len(files) == len(batch) else None
    if together is None:
        return [(stored, _or_error(partial(_unpacked, stored, file))) for stored, file in batch]
    return [
        (stored, PageRows(stored, file, file.record.rows, file.record.notes, together))
        for (stored, _), file in zip(batch, files, strict=True)
    ]


def _read_ahead(store: Store, pages: Sequence[StoredPage]) -> Iterator[tuple[StoredPage, _Packed]]:
    def read(stored: StoredPage) -> tuple[StoredPage, _Packed]:
        return stored, _or_error(partial(_packed, store, stored))

    chunks = _chunks(pages, most_pages=most_in_a_chunk(store, BATCH_ROWS))
    return read_chunks_ahead(store, chunks, read)


def _packed(store: Store, stored: StoredPage) -> PageFile:
    """A page's file without its body, which a table has no use for."""
    file = store.read(stored.record.page, stored.file_name, stored.sha256)
    return replace(file, packed_body=b"")


def _unpacked(stored: StoredPage, file: _Packed) -> PageRows:
    if isinstance(file, StoredPageError):
        raise file
    columns = file.columns
    page_file.verify_rows(columns, file.record, name=stored.file_name)
    return PageRows(stored, columns, file.record.rows, file.record.notes)


def _or_error(get: Callable[[], _T]) -> _T | StoredPageError:
    try:
        return get()
    except StoredPageError as error:
        return error


def _chunks(pages: Iterable[StoredPage], most_pages: int) -> Iterator[list[StoredPage]]:
    chunk: list[StoredPage] = []
    rows = size = 0
    for stored in pages:
        chunk.append(stored)
        rows, size = rows + stored.record.rows, size + stored.record.body_bytes
        if rows >= BATCH_ROWS or len(chunk) >= most_pages or size >= _CHUNK_BODY_BYTES:
            yield chunk
            chunk, rows, size = [], 0, 0
    if chunk:
        yield chunk
