"""PostgreSQL: the rows as a table of a database, all of them or none, in one transaction.

Replaced, or merged by key. Where the database is, an environment variable says; neither it nor a
password is part of any message. The table itself is looked after in `postgres_table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from catalog_pipeline.errors import ExportError, UsageError
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.tables.exports.csv_file import csv_batches
from catalog_pipeline.tables.exports.export import Exported
from catalog_pipeline.tables.exports.parquet_rows import Column, ParquetRows, opened
from catalog_pipeline.tables.exports.texts import as_plain, as_texts, first_with
from catalog_pipeline.tables.exports.writing import TableOptions, needed

_SETTINGS = {"connect_timeout": "15", "application_name": "catalog_pipeline"}
_CLIENT_ENCODING = "UTF8"
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5min'"


class PostgresWriter:
    """Writes a table of the database at `url`; `variable` is what the URL is called in messages."""

    def __init__(self, url: str, variable: str, options: TableOptions) -> None:
        self._psycopg = needed("psycopg", "postgres")
        self._options = options
        self._variable = variable
        self._parameters = self._understood(url)
        self._secrets = Secrets([url, str(self._parameters.get("password") or "")])

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Write all rows.

        Raises:
            ExportError: the database cannot be reached, or cannot hold a value or the table.
        """
        from catalog_pipeline.tables.exports.postgres_table import PostgresTable

        with self._told(), self._psycopg.connect(**self._parameters) as connection:
            cursor = connection.cursor()
            cursor.execute(_LOCK_TIMEOUT)
            table = PostgresTable(cursor, self._options, rows.columns)
            table.prepare()
            with cursor.copy(table.copy_statement) as copy:
                for lines in csv_batches(rows, _texts_from(rows)):
                    copy.write(lines)
            table.finish()
        return ()

    def _understood(self, url: str) -> dict[str, Any]:
        """What the URL says, and what is usual."""
        try:
            given = self._psycopg.conninfo.conninfo_to_dict(url)
        except self._psycopg.Error:
            # The error would quote the URL.
            raise _no_url(self._variable) from None
        return {**_SETTINGS, **given, "client_encoding": _CLIENT_ENCODING}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the database as sentences, without secrets."""
        try:
            yield
        except self._psycopg.Error as error:
            parts = (error.diag.message_primary, error.diag.message_detail, error.diag.message_hint)
            said = ". ".join(part.rstrip(".") for part in parts if part) or str(error)
            told = self._secrets.hide(" ".join(said.split())).rstrip(".?")
            raise ExportError(
                f"PostgreSQL ({self._variable}): {told}. Its table is as it was."
            ) from None


def export_to_postgres(source: Path, url: str, variable: str, options: TableOptions) -> Exported:
    """Write the rows of a Parquet file to a table of a database.

    Raises:
        UsageError: the key to merge by has no column.
        ExportError: the database cannot be reached, or cannot hold a value or the table.
        StorageError: the file cannot be read.
    """
    writer = PostgresWriter(url, variable, options)
    with opened(source) as rows:
        return Exported(rows.count, tuple(writer.write(rows)))


def database_url(environ: Mapping[str, str], variable: str) -> str:
    """The address of the database that an environment variable holds.

    Raises:
        UsageError: it is not set, or holds no such address.
    """
    url = environ.get(variable, "")
    if not url:
        raise UsageError(
            f"The export needs the environment variable {variable}, which is not set: "
            f"postgresql://user:password@host:5432/database"
        )
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("postgresql", "postgres") or not url.isprintable():
        raise _no_url(variable)
    return url


def _no_url(variable: str) -> UsageError:
    return UsageError(
        f"The environment variable {variable} holds no address of a database such as "
        f"postgresql://user:password@host:5432/database (characters such as @ and / of a password "
        f"are written %40 and %2F there)."
    )


def _texts_from(rows: ParquetRows) -> Callable[[Column, pa.Array], pa.Array]:
    """How values are written for PostgreSQL; it has no NUL in texts."""
    done = dict.fromkeys((column.name for column in rows.columns), 1)

    def texts(column: Column, array: pa.Array) -> pa.Array:
        first_row = done[column.name]
        done[column.name] += len(array)
        if column.is_list:
            found = pa.array([_array(each) for each in array.to_pylist()], pa.string())
        else:
            found = as_texts(column, array)
        with_nul = first_with(found, r"\x00")
        if with_nul is not None:
            problem = "PostgreSQL has no NUL in texts"
            raise ExportError(problem, column=column.name, row=first_row + with_nul)
        return found

    return texts


def _array(items: Sequence[Any] | None) -> str | None:
    """A list as PostgreSQL writes an array."""
    return None if items is None else "{" + ",".join(map(_item, items)) + "}"


def _item(value: Any) -> str:
    if value is None:
        return "NULL"
    text = str(as_plain(value))
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
