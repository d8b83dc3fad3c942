"""The table of a database that an export fills: made, held against what is exported, merged into.

A column that would round or cut a value is refused. A table that no export has made keeps its
columns; of one that an export has made they follow those of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from catalog_pipeline.errors import ExportError, UsageError
from catalog_pipeline.tables.exports.parquet_rows import Column, Kind
from catalog_pipeline.tables.exports.writing import TableOptions

_TYPES = {
    Kind.TEXT: "text",
    Kind.INTEGER: "bigint",
    Kind.NUMBER: "double precision",
    Kind.DECIMAL: "numeric",
    Kind.BOOLEAN: "boolean",
    Kind.TIMESTAMP: "timestamp with time zone",
    Kind.LOCAL_TIME: "timestamp without time zone",
    Kind.DATE: "date",
}
_ALSO_EXACT = {Kind.TEXT: ("character varying",), Kind.INTEGER: ("integer", "smallint", "numeric")}
"""Other types that hold a value as it is, or refuse it."""
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_MOST_BYTES = 63
_STAGED = "catalog_pipeline_exported"
_OURS = "Written by catalog_pipeline."
_FOUND = """
    SELECT c.oid, c.relkind IN ('r', 'p'), obj_description(c.oid, 'pg_class')
    FROM pg_class c WHERE c.oid = to_regclass(%s)
"""
_COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
"""
_UNIQUE_KEYS = """
    SELECT array_agg(a.attname::text) FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
    WHERE i.indrelid = %s AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
    GROUP BY i.indexrelid
"""
_SHARED_KEYS = """
    SELECT count(*), left(ROW({})::text, 200) FROM {} GROUP BY {} HAVING count(*) > 1 LIMIT 1
"""


class PostgresTable:
    """One table within the transaction that writes it."""

    def __init__(self, cursor: Any, options: TableOptions, columns: Sequence[Column]) -> None:
        self._cursor = cursor
        self._options = options
        self._columns = columns
        self._name = _identifier(options.name)
        self._names = sql.SQL(", ").join(_identifier_of(column.name) for column in columns)
        self._merges = options.mode == "merge"
        if self._merges:
            _check_key(options, columns)

    @property
    def copy_statement(self) -> sql.Composed:
        """What takes the rows in, as CSV."""
        target = sql.Identifier(_STAGED) if self._merges else self._name
        return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(target, self._names)

    def prepare(self) -> None:
        """Let the table be there with its columns, empty if it is to be replaced.

        Raises:
            ExportError: the one that is there cannot take the rows as they are.
        """
        # Two exports at once would both find no table.
        self._execute("SELECT pg_advisory_xact_lock(hashtext({}))", sql.Literal(self._options.name))
        self._cursor.execute(_FOUND, [self._name.as_string(self._cursor)])
        found = self._cursor.fetchone()
        if found is None:
            self._create()
        else:
            oid, is_table, comment = found
            if not is_table:
                raise ExportError(f"{self._options.name} is there and is no table.")
            self._fit(oid, is_ours=(comment or "").startswith(_OURS))
        if self._merges:
            columns = self._definitions(self._columns)
            self._execute("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP", _STAGED_NAME, columns)

    def finish(self) -> None:
        """Put the rows that came in where they belong.

        Raises:
            ExportError: rows lack the key that they are to be merged by, or share it.
        """
        if not self._merges:
            return
        key = [_identifier_of(name) for name in self._options.key]
        missing = sql.SQL(" OR ").join(sql.SQL("{} IS NULL").format(name) for name in key)
        self._execute("SELECT count(*) FROM {} WHERE {}", _STAGED_NAME, missing)
        (count,) = self._cursor.fetchone()
        if count:
            raise ExportError(
                f"{count:,} rows have no {' or '.join(self._options.key)}, by which they would be "
                f"merged; with the mode replace they can be written"
            )
        self._demand_different_keys(key)
        self._execute(
            "INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT ({}) DO {}",
            self._name, self._names, self._names, _STAGED_NAME, sql.SQL(", ").join(key),
            self._on_conflict(),
        )  # fmt: skip

    def _demand_different_keys(self, key: Sequence[sql.Identifier]) -> None:
        names = sql.SQL(", ").join(key)
        self._execute(_SHARED_KEYS, names, _STAGED_NAME, names)
        if shared := self._cursor.fetchone():
            raise ExportError(
                f"{shared[0]:,} rows have the same {', '.join(self._options.key)}, {shared[1]}: "
                f"merge by columns that tell rows apart (periods of a product by opened_by), or "
                f"write them with the mode replace"
            )

    def _on_conflict(self) -> sql.Composable:
        """What changes of a row that is there; one that is the same already is left alone."""
        others = [
            _identifier_of(column.name)
            for column in self._columns
            if column.name not in self._options.key
        ]
        if not others:
            return sql.SQL("NOTHING")
        new = [sql.SQL("EXCLUDED.{}").format(name) for name in others]
        old = [sql.SQL("{}.{}").format(self._name, name) for name in others]
        pairs = zip(others, new, strict=True)
        changes = sql.SQL(", ").join(sql.SQL("{} = {}").format(*pair) for pair in pairs)
        return sql.SQL("UPDATE SET {} WHERE ROW({}) IS DISTINCT FROM ROW({})").format(
            changes, sql.SQL(", ").join(old), sql.SQL(", ").join(new)
        )

    def _create(self) -> None:
        parts = [self._definitions(self._columns)]
        if self._merges:
            key = sql.SQL(", ").join(map(_identifier_of, self._options.key))
            parts.append(sql.SQL("PRIMARY KEY ({})").format(key))
        self._execute("CREATE TABLE {} ({})", self._name, sql.SQL(", ").join(parts))
        self._execute("COMMENT ON TABLE {} IS {}", self._name, sql.Literal(_OURS))

    def _fit(self, oid: int, *, is_ours: bool) -> None:
        self._cursor.execute(_COLUMNS, [oid])
        found = dict(self._cursor.fetchall())
        missing = [column for column in self._columns if column.name not in found]
        unfit = [c for c in self._columns if c.name in found and not _holds(found[c.name], c)]
        wanted = {column.name for column in self._columns}
        gone = [] if self._merges else [name for name in found if name not in wanted]
        may_change = is_ours and not (self._merges and unfit)
        if (missing or unfit or gone) and not may_change:
            raise ExportError(self._differences(found, missing, unfit, gone))
        if not self._merges:
            self._execute("DELETE FROM {}", self._name)
        for name in [*gone, *(column.name for column in unfit)]:
            self._execute("ALTER TABLE {} DROP COLUMN {}", self._name, _identifier_of(name))
        for column in [*missing, *unfit]:
            self._execute("ALTER TABLE {} ADD COLUMN {}", self._name, self._definitions([column]))
        if self._merges:
            self._demand_unique_key(oid, is_ours=is_ours)

    def _demand_unique_key(self, oid: int, *, is_ours: bool) -> None:
        self._cursor.execute(_UNIQUE_KEYS, [oid])
        if any(set(names) == set(self._options.key) for (names,) in self._cursor.fetchall()):
            return
        key = sql.SQL(", ").join(map(_identifier_of, self._options.key))
        if not is_ours:
            raise ExportError(
                f"The table {self._options.name} has no unique index on "
                f"{', '.join(self._options.key)}, by which rows would be merged; make one."
            )
        self._execute("CREATE UNIQUE INDEX ON {} ({})", self._name, key)

    def _differences(
        self, found: Mapping[str, str], missing: Sequence[Column], unfit: Sequence[Column],
        gone: Sequence[str],
    ) -> str:  # fmt: skip
        told = [f"{column.name} is missing" for column in missing]
        told += [f"{c.name} is {found[c.name]} and not {_type_of(c)}" for c in unfit]
        told += [f"{name} is not exported" for name in gone]
        return (
            f"The table {self._options.name} has other columns than what is exported: "
            f"{'; '.join(told)}. Change them, or name another table."
        )

    def _definitions(self, columns: Sequence[Column]) -> sql.Composed:
        return sql.SQL(", ").join(
            sql.SQL("{} {}").format(_identifier_of(c.name), sql.SQL(_type_of(c))) for c in columns
        )

    def _execute(self, statement: str, *parts: sql.Composable) -> None:
        self._cursor.execute(sql.SQL(statement).format(*parts))


_STAGED_NAME = sql.Identifier("pg_temp", _STAGED)


def _identifier(name: str) -> sql.Identifier:
    parts = name.split(".")
    if len(parts) > 2:
        raise UsageError(f"{name!r} is no table; write NAME or SCHEMA.NAME.")
    return sql.Identifier(*(_checked(part) for part in parts))


def _identifier_of(column: str) -> sql.Identifier:
    return sql.Identifier(_checked(column))


def _checked(name: str) -> str:
    """A name that PostgreSQL takes as it is: longer ones it cuts, and says so to nobody."""
    if not name or "\0" in name or len(name.encode()) > _MOST_BYTES:
        raise ExportError(f"{name!r} is no name for PostgreSQL, which has 1 to 63 bytes.")
    return name


def _check_key(options: TableOptions, columns: Sequence[Column]) -> None:
    names = {column.name for column in columns}
    if not options.key:
        raise UsageError("To merge rows, say by which columns: --key, or `key` in the YAML.")
    for name in options.key:
        if name not in names:
            raise UsageError(f"There is no column {name} to merge by; {', '.join(sorted(names))}.")


def _type_of(column: Column) -> str:
    return _TYPES[column.kind] + ("[]" if column.is_list else "")


def _holds(found: str, column: Column) -> bool:
    """Whether a column of a type takes each value as it is, or refuses it."""
    if column.is_list:
        return found == _type_of(column)
    fraction = _NUMERIC.fullmatch(found)
    if fraction is not None:
        has = int(fraction[2])
        return column.kind is Kind.INTEGER or (
            column.kind is Kind.DECIMAL and has >= column.type.scale
        )
    return found == _TYPES[column.kind] or found in _ALSO_EXACT.get(column.kind, ())
