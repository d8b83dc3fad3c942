"""A file of the history as it is on the disk: each page of it is held against its checksum.

What is wrong with it is an error of its own kind, so that it is not taken for one of writing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.history import TELLING_COLUMNS
from catalog_pipeline.system.durable_files import NotAPlainFileError, open_plain
from catalog_pipeline.tables.history.state import State


class DamagedHistoryError(Exception):
    """A file of the history is there and cannot be gone on with; `path` is where, and `why`."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"{path}: {why}")


class KnownFile:
    """A file of the history, open."""

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        self.path = path
        self._file = file
        state = State.loaded(file.metadata.metadata)
        if state is None:
            raise DamagedHistoryError(path, "it is no history of a catalogue")
        self.state = state
        self.schema: pa.Schema = file.schema_arrow
        for what, column in TELLING_COLUMNS.items():
            if f"{what}.parquet" in path.name and column not in self.schema.names:
                raise DamagedHistoryError(path, f"it does not hold the {what}")
        self.rows: int = file.metadata.num_rows
        self.groups: int = file.num_row_groups

    def rows_of(self, groups: Sequence[int]) -> int:
        """How many rows some groups have."""
        return sum(self._file.metadata.row_group(group).num_rows for group in groups)

    def greatest(self, group: int, column: str) -> Any:
        """The greatest value of a column in a group; None if the file does not say it."""
        place = self.schema.names.index(column)
        statistics = self._file.metadata.row_group(group).column(place).statistics
        return statistics.max if statistics is not None else None

    def read(self, groups: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of some groups.

        Raises:
            DamagedHistoryError: they are not what was written.
        """
        names = None if columns is None else list(columns)
        try:
            return self._file.read_row_groups(list(groups), names)
        except (OSError, pa.ArrowException) as error:
            raise DamagedHistoryError(self.path, str(error)) from error


@contextlib.contextmanager
def known_file(path: Path) -> Iterator[KnownFile | None]:
    """A file of the history, open for reading; None if there is none.

    Raises:
        DamagedHistoryError: it cannot be gone on with.
    """
    with contextlib.ExitStack() as stack:
        yield _opened(path, stack)


def _opened(path: Path, stack: contextlib.ExitStack) -> KnownFile | None:
    try:
        source = stack.enter_context(os.fdopen(open_plain(path), "rb"))
        file = pq.ParquetFile(source, page_checksum_verification=True)
        return KnownFile(path, stack.enter_context(file))
    except FileNotFoundError:
        return None
    except NotAPlainFileError as error:
        raise DamagedHistoryError(path, f"it is {error.kind}") from error
    except (OSError, pa.ArrowException, ValueError, TypeError, KeyError) as error:
        raise DamagedHistoryError(path, str(error)) from error
