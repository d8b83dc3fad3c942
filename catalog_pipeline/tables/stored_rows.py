"""The rows of stored pages, verified and in page order, read ahead by a few threads.

A page that cannot be read comes as the error instead of its rows; what is then done about it is
not decided here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.records import Columns, PageRecord, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import PageStore

BATCH_ROWS = 4_000
READ_AHEAD = 2


@dataclass(frozen=True)
class PageRows:
    """The rows of one page, as its file holds them."""

    record: PageRecord
    columns: Columns


def read_page(store: PageStore, stored: StoredPage) -> PageRows:
    """The rows of a page, if its file is the recorded one.

    Raises:
        StoredPageError: the file is missing, altered, or does not hold what its record says.
    """
    file = store.read(stored.record.page, stored.file_name, stored.sha256)
    columns = file.columns
    page_file.verify_rows(columns, file.record, name=stored.file_name)
    return PageRows(stored.record, columns)


def read_batches(
    store: PageStore, pages: Sequence[StoredPage]
) -> Iterator[list[tuple[StoredPage, PageRows | StoredPageError]]]:
    """The pages in the given order, in batches of about `BATCH_ROWS` rows."""

    def read(batch: list[StoredPage]) -> list[tuple[StoredPage, PageRows | StoredPageError]]:
        return [(stored, _read_or_error(store, stored)) for stored in batch]

    reader = ThreadPoolExecutor(READ_AHEAD, thread_name_prefix="table-reader")
    waiting: deque[Future[list[tuple[StoredPage, PageRows | StoredPageError]]]] = deque()
    try:
        for batch in _batches(pages):
            waiting.append(reader.submit(read, batch))
            if len(waiting) > READ_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        reader.shutdown(cancel_futures=True)


def _read_or_error(store: PageStore, stored: StoredPage) -> PageRows | StoredPageError:
    try:
        return read_page(store, stored)
    except StoredPageError as error:
        return error


def _batches(pages: Iterable[StoredPage]) -> Iterator[list[StoredPage]]:
    batch: list[StoredPage] = []
    rows = 0
    for stored in pages:
        batch.append(stored)
        rows += stored.record.rows
        if rows >= BATCH_ROWS or len(batch) >= BATCH_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch
