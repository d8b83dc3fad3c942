"""What the YAML says of exports: what of a catalogue is written where after each build.

How that is done is in `catalog_pipeline.tables.exports`, as assets in `orchestration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, model_validator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.bounds import EnvironmentName, Slug
from catalog_pipeline.catalogue.fields import PROVENANCE_COLUMNS, OneOrMore, StrictModel
from catalog_pipeline.catalogue.listing_attributes import LISTING_COLUMNS
from catalog_pipeline.catalogue.spelling import meant
from catalog_pipeline.catalogue.versions import fingerprint

What: TypeAlias = Literal["table", "history", "changes"]
"""The table, or what is kept of its past."""
_ENDINGS = {
    "csv": (".csv",),
    "jsonl": (".jsonl", ".ndjson"),
    "xlsx": (".xlsx",),
    "duckdb": (".duckdb",),
    "sqlite": (".sqlite", ".sqlite3"),
    "parquet": (".parquet",),
}
_WITH_TABLES = frozenset({"xlsx", "duckdb", "sqlite", "postgres"})
_WITH_FORMULAS = frozenset({"csv", "xlsx"})
_POSTGRES_ONLY = ("url_env", "mode", "key")


class Export(StrictModel):
    """The table, or what is kept of its past, in another format, anew after each build."""

    to: Literal["csv", "jsonl", "xlsx", "duckdb", "sqlite", "parquet", "postgres"]
    """The format of the file, or `postgres` for a table of a PostgreSQL database."""
    what: What = "table"
    """What is written: the table, its `history`, or its `changes`."""
    name: Slug | None = None
    """What the asset is called after `export_`; `to`, and `what` if it is not the table, if not
    given."""
    path: str | None = None
    """The file, below the folder `exports` of the catalogue's data, or absolute; named after what
    it holds if not given."""
    table: str | None = None
    """The table's name in a database, or of the sheet of a workbook: `products`, `history` or
    `changes` if not given. In PostgreSQL it may be `schema.table`."""
    safe: bool = True
    """In `csv` and `xlsx`: whether texts that a spreadsheet would take for formulas are made
    harmless."""
    url_env: EnvironmentName | None = None
    """Environment variable that holds the address of the PostgreSQL database,
    `postgresql://user:password@host/database`."""
    mode: Literal["replace", "merge"] = "replace"
    """In PostgreSQL: whether the table's rows are all written anew, or merged into it by key."""
    key: Annotated[tuple[str, ...], OneOrMore] = ()
    """The columns to merge by; those of the catalogue's key if not given, and of `history`
    `opened_by` besides."""

    @property
    def asset_name(self) -> str:
        """The last part of the asset's key."""
        return f"export_{self.name or self._usual_name}"

    @property
    def file_name(self) -> str:
        """The file as the YAML names it; where it does not, after what it holds."""
        return self.path or f"{self.table_name}{_ENDINGS[self.to][0]}"

    @property
    def table_name(self) -> str:
        """The table's name in a database."""
        return self.table or ("products" if self.what == "table" else self.what)

    @property
    def own_table(self) -> str:
        """The same for each way of writing the table of a PostgreSQL database."""
        return self.table_name.removeprefix("public.")

    def merged_by(self, key: Sequence[str]) -> tuple[str, ...]:
        """The columns that rows are merged by, if they are, where the catalogue's are `key`."""
        return self.key or usual_key(self.what, key) if self.mode == "merge" else ()

    @property
    def version(self) -> str:
        """Changes exactly when the same rows would be written in another way or place."""
        return fingerprint(self.model_dump(exclude={"name"}))

    @property
    def _usual_name(self) -> str:
        return self.to if self.what == "table" else f"{self.to}_{self.what}"

    @model_validator(mode="after")
    def _parts_agree(self) -> Export:
        if self.to == "postgres":
            self._check_database()
        else:
            self._check_file()
        if "table" in self.model_fields_set and self.to not in _WITH_TABLES:
            raise ValueError(f"a file of {self.to} has no table with a name")
        if "safe" in self.model_fields_set and self.to not in _WITH_FORMULAS:
            raise ValueError(f"safe is for csv and xlsx: {self.to} has no formulas")
        return self

    def _check_database(self) -> None:
        if self.url_env is None:
            raise ValueError(
                "say under url_env which environment variable holds the database's address; an "
                "address with its password does not belong in a YAML"
            )
        if self.path is not None:
            raise ValueError("path is for files; a table of PostgreSQL has table")
        if self.mode == "merge" and self.what == "changes" and not self.key:
            raise ValueError("say under key by which columns the changes are merged")
        if self.mode != "merge" and self.key:
            raise ValueError("key is for mode: merge")

    def _check_file(self) -> None:
        given = [name for name in _POSTGRES_ONLY if name in self.model_fields_set]
        if given:
            raise ValueError(f"{given[0]} is for to: postgres")
        if self.path is None:
            return
        path, endings = PurePath(self.path), _ENDINGS[self.to]
        if path.suffix.lower() not in endings or ".." in path.parts or "\0" in self.path:
            raise ValueError(
                f"{self.path!r} is no file for {self.to}: it ends in {' or '.join(endings)}, and "
                f"leads to no folder above"
            )


def usual_key(what: What, key: Sequence[str]) -> tuple[str, ...]:
    """The columns that tell rows apart, where the catalogue's products have `key`; none of the
    changes, of which several may be of one product in one build."""
    return {"table": tuple(key), "history": (*key, "opened_by"), "changes": ()}[what]


def _checked(exports: tuple[Export, ...]) -> tuple[Export, ...]:
    """Exports that do not get in each other's way."""
    for place, export in enumerate(exports):
        for other in exports[:place]:
            if export.asset_name == other.asset_name:
                raise ValueError(f"two are called {export.asset_name}; give one a name of its own")
            if _target(export) == _target(other):
                raise ValueError(
                    f"{other.asset_name} and {export.asset_name} write to the same place; give one "
                    f"another path or table"
                )
    return exports


def check_exports(exports: Sequence[Export], columns: Sequence[str], *, has_history: bool) -> None:
    """Refuse exports of what is not kept, or merged by what is no column.

    Raises:
        ValueError: one would.
    """
    known = (*columns, *PROVENANCE_COLUMNS, *LISTING_COLUMNS)
    for export in exports:
        if export.what != "table" and not has_history:
            raise ValueError(
                f"{export.asset_name} writes the {export.what}, of which nothing is kept without "
                f"`history`"
            )
        for name in export.key if export.what == "table" else ():
            if name not in known:
                raise ValueError(
                    f"{export.asset_name} would merge by {name}, and there is no such column: "
                    f"{', '.join(columns)}{meant(name, known)}"
                )


def _target(export: Export) -> Sequence[str]:
    if export.to == "postgres":
        return ("postgres", str(export.url_env), export.own_table)
    return ("file", str(PurePath(export.file_name)))


def _listed(value: Any) -> Any:
    """One export alone is a list of one."""
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list | tuple):
        raise ValueError("write a list of exports, such as [{to: csv}]")
    return value


Exports = Annotated[
    tuple[Export, ...],
    Bounded(max_length=50),
    AfterValidator(_checked),
    BeforeValidator(_listed, json_schema_input_type=tuple[Export, ...] | Export),
]
