"""The rows of a build on disk, until it is known which of them stay.

Rows go to a temporary table file as they come, in page order; only their keys are kept in memory.
If no product is there twice, that file is the table. Otherwise, or when a money column came to
need more decimals on the way (which begins another file), the files are copied into one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.tables.duplicates import Comparison, KeyLedger, Survivors
from catalog_pipeline.tables.history.evidence import Elsewhere, PageSeen, PagesSeen
from catalog_pipeline.tables.listed import (
    columns_not_compared,
    listings_of_products,
    rows_of_listings,
    with_listings,
)
from catalog_pipeline.tables.merged_examples import merged_examples
from catalog_pipeline.tables.noted import NotesLedger
from catalog_pipeline.tables.parquet_writer import TableFile, file_facts
from catalog_pipeline.tables.quality.broken_values import MOST_EXAMPLES
from catalog_pipeline.tables.report import LeftOutPage, MergedRows, NotesOfPages
from catalog_pipeline.tables.row_batches import BatchConverter, Mend
from catalog_pipeline.tables.stored_rows import PageRows
from catalog_pipeline.wording import counted


class Assembly:
    """Takes the rows of all pages and makes one table file; a context that closes its files."""

    def __init__(self, catalogue: Catalogue, next_name: Callable[[], Path], mend: Mend) -> None:
        self.pages = 0
        self.outdated_pages = 0
        self.parsed_again: list[PageKey] = []
        self.left_out: list[LeftOutPage] = []
        self._catalogue = catalogue
        self._code_version = catalogue.code_version
        self._next_name = next_name
        self._converter = BatchConverter(catalogue, mend)
        self._ledger = KeyLedger(catalogue.key_columns)
        self._files: list[TableFile] = []
        self._versions: list[tuple[str | None, str]] = []
        self._rows: list[int] = []
        self._seen: list[PageSeen] = []
        self._notes = NotesLedger()
        self.merged = MergedRows()
        self.merged_examples: tuple[dict[str, str], ...] = ()

    def __enter__(self) -> Assembly:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for file in self._files:
            file.abandon()

    @property
    def whole(self) -> TableFile:
        """The file that became the table."""
        return self._files[-1]

    @property
    def notes(self) -> NotesOfPages:
        """What was noted of the pages while they were read."""
        return self._notes.sum

    def add(self, pages: Sequence[PageRows]) -> None:
        """Take the rows of the next pages; those that cannot be had are left out."""
        if not pages:
            return
        found = self._converter.convert(pages)
        mended = {page.record.page for page in found.parsed_again}
        self.pages += len(found.pages)
        self._versions += [
            (page.record.page.listing, page.record.data_version) for page in found.pages
        ]
        self._rows += [page.rows for page in found.pages]
        self._seen += [
            PageSeen(
                str(page.record.page),
                page.record.fetched_at,
                page.record.data_version,
                page.record.same_since or page.record.fetched_at,
            )
            for page in found.pages
        ]
        self._notes.add(found.pages)
        self.parsed_again += sorted(mended)
        self.left_out += found.left_out
        self.outdated_pages += sum(
            page.record.code_version != self._code_version and page.record.page not in mended
            for page in found.pages
        )
        if not self._files or not self.whole.schema.equals(found.table.schema):
            self._files.append(self._new_file(found.table.schema))
        self.whole.append(found.table)
        self._ledger.add(found.table)

    def seen(self, lacks: str | None) -> PagesSeen:
        """The pages whose rows are taken; `lacks` is why they are not all of the catalogue's."""
        left_out, lost = len(self.left_out), self.notes.lost_rows
        if lacks is None and left_out:
            lacks = f"{counted(left_out, 'page')} not in the table"
        told = f"{counted(lost, 'product')} left out, which could not be read" if lost else None
        return PagesSeen(tuple(self._seen), lacks, told)

    @property
    def elsewhere(self) -> Elsewhere:
        """The pages of the rows that gave way."""
        beaten, winners = self.survivors.beaten
        place = np.cumsum(self.survivors.keep) - 1
        page = np.repeat(np.arange(len(self._rows)), self._rows)
        names = pa.array([each.page for each in self._seen], pa.string())
        return Elsewhere(place[winners], names.take(pa.array(page[beaten])))

    def finish(self, built_at: datetime, more: Mapping[str, str]) -> Path:
        """Leave out the rows that lose to a later one; the path of the whole table file.

        It says of itself what is known of its build, and `more`.
        """
        self.survivors = self._ledger.survivors(self._converter.schema)
        if self.survivors.duplicates or len(self._files) > 1:
            self._copy_survivors(self.survivors)
        self.whole.note({**file_facts(self._catalogue, self.pages, built_at), **more})
        self.whole.close()
        return self.whole.path

    def _copy_survivors(self, survivors: Survivors) -> None:
        not_compared = columns_not_compared(self._catalogue)
        comparison = Comparison(survivors, self._are_on_repeated_pages(), not_compared)
        names = self._ledger.listings
        listings = None if names is None else listings_of_products(survivors, names)
        parts = list(self._files)
        for part in parts:
            part.close()
        self._files.append(self._new_file(self._converter.schema))
        first = 0
        for part in parts:
            with pq.ParquetFile(part.path) as file:
                for number in range(file.num_row_groups):
                    group = file.read_row_group(number).cast(self.whole.schema)
                    comparison.add(group)
                    keep = survivors.keep[first : first + group.num_rows]
                    if listings is not None:
                        group = with_listings(group, listings[first : first + group.num_rows])
                    first += group.num_rows
                    self.whole.append(group.filter(pa.array(keep)))
        self.merged = comparison.merged
        self.merged_examples = merged_examples(
            comparison.examples(MOST_EXAMPLES),
            [part.path for part in parts],
            self._catalogue.key_columns,
            not_compared,
        )

    def _are_on_repeated_pages(self) -> npt.NDArray[np.bool_]:
        """By row whether its page has exactly the rows of another page."""
        is_repeated = pd.Series(self._versions).duplicated(keep=False).to_numpy()
        return np.repeat(is_repeated, self._rows)

    @property
    def rows_of_listings(self) -> dict[str, int]:
        """How many products stand in each listing, where those have names."""
        names = self._ledger.listings
        return {} if names is None else rows_of_listings(self.survivors, names)

    def _new_file(self, schema: pa.Schema) -> TableFile:
        return TableFile(self._next_name(), self._catalogue, schema)
