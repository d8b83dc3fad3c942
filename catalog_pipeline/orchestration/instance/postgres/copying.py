"""Rows that are put into a table of PostgreSQL by COPY, as they come.

Not here: which rows (`moving`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import psycopg2
import sqlalchemy as db

from catalog_pipeline.errors import StorageError

Row = TypeVar("Row")

_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_ROWS_PER_WORD = 2000


def copy_rows(
    connection: db.Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    on_rows: Callable[[int], None],
) -> int:
    """Put rows into a table within the connection's transaction; returns how many.

    `on_rows` is told now and then how many more there are.

    Raises:
        StorageError: the server does not take them, or is gone.
    """
    source = _Rows(rows, on_rows)
    names = ", ".join(f'"{name}"' for name in columns)
    cursor: Any = connection.connection.cursor()
    try:
        cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', source)
    except psycopg2.Error as error:
        # The driver makes an error of its own of whatever kept the rows from coming.
        if source.error is not None:
            raise source.error from None
        # Not its context, which shows the row.
        told = error.diag.message_primary or str(error) or type(error).__name__
        if cursor.connection.closed:
            # There is nothing to roll back, and to try it would be another error. What the driver
            # says of it depends on what it was at.
            connection.invalidate()
            told = f"it has ended the connection ({told.strip()})"
        raise StorageError(
            f"PostgreSQL did not take the rows of its table {table}: {told.strip()}. Nothing has "
            f"been moved; start again once that is mended."
        ) from error
    return source.count


def told_in_parts(rows: Iterable[Row], on_rows: Callable[[int], None]) -> Iterator[Row]:
    """The same rows; of each part that has been taken, `on_rows` is told how many these were."""
    number = 0
    for number, row in enumerate(rows, start=1):
        yield row
        if number % _ROWS_PER_WORD == 0:
            on_rows(_ROWS_PER_WORD)
    on_rows(number % _ROWS_PER_WORD)


class _Rows:
    """Rows as a file of the text format of COPY."""

    def __init__(self, rows: Iterable[Sequence[Any]], on_rows: Callable[[int], None]) -> None:
        self.count = 0
        self.error: BaseException | None = None
        self._lines = self._made(told_in_parts(rows, on_rows))
        self._rest = b""

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end."""
        parts, found = [self._rest], len(self._rest)
        while found < size:
            try:
                line = next(self._lines, b"")
            except BaseException as error:
                self.error = error
                raise
            if not line:
                break
            parts.append(line)
            found += len(line)
        text = b"".join(parts)
        self._rest = text[size:]
        return text[:size]

    def _made(self, rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
        for row in rows:
            yield "\t".join(map(_text, row)).encode() + b"\n"
            self.count += 1


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return str(value).translate(_ESCAPED)
