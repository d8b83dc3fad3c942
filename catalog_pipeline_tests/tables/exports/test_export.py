"""An export replaces its file at once or not at all, and nothing that it did not write."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from catalog_pipeline.errors import ExportError, StorageError, UsageError
from catalog_pipeline.tables.exports.export import export_to_file
from catalog_pipeline.tables.exports.formats import FORMATS, format_of
from catalog_pipeline.tables.exports.parquet_rows import opened
from catalog_pipeline.tables.exports.writing import Options
from catalog_pipeline_tests.tables.exports.cases import write_cases
from catalog_pipeline_tests.tables.exports.readers import READERS


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A table of two rows."""
    write_cases(tmp_path / "source.parquet", value=pa.array(["a", "b"]))
    return tmp_path / "source.parquet"


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_again_holds_the_new_rows_alone(source: Path, name: str) -> None:
    target = source.with_name(f"out.{name}")
    export_to_file(source, target)
    write_cases(source, value=pa.array(["c"]))
    export_to_file(source, target)
    with opened(source) as rows:
        assert READERS[name](target, rows.columns[1]) == ["c"]
    assert {path.name for path in source.parent.iterdir()} == {source.name, target.name}


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_breaks_while_it_is_written_leaves_what_was_there(
    source: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = source.with_name(f"out.{name}")
    export_to_file(source, target)
    before = target.read_bytes()

    def breaks(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("catalog_pipeline.system.durable_files.put_in_place", breaks)
    with pytest.raises(StorageError):
        export_to_file(source, target)
    assert target.read_bytes() == before
    assert {path.name for path in source.parent.iterdir()} == {source.name, target.name}


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"parquet"}))
def test_a_table_that_breaks_off_leaves_what_was_there(source: Path, name: str) -> None:
    target = source.with_name(f"out.{name}")
    export_to_file(source, target)
    before = target.read_bytes()
    content = bytearray(source.read_bytes())
    content[4:40] = b"\xff" * 36
    source.write_bytes(content)
    with pytest.raises(StorageError, match="cannot be read"):
        export_to_file(source, target)
    assert target.read_bytes() == before
    assert {path.name for path in source.parent.iterdir()} == {source.name, target.name}


@pytest.mark.processes
def test_what_a_killed_export_left_is_removed_by_the_next_and_nothing_else(source: Path) -> None:
    target = source.with_name("out.csv")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = source.with_name(f".out.csv.exporting-{ended.pid}-x")
    alive = source.with_name(f".out.csv.exporting-{os.getpid()}-x")
    other = source.with_name(f".other.csv.exporting-{ended.pid}-x")
    for folder in (left, alive, other):
        folder.mkdir()
        (folder / "out.csv").write_text("half")
    export_to_file(source, target)
    assert (left.exists(), alive.exists(), other.exists()) == (False, True, True)


def test_a_table_that_is_replaced_meanwhile_is_exported_as_it_was(source: Path) -> None:
    with opened(source) as rows:
        write_cases(source.with_name("new.parquet"), value=pa.array(["c"]))
        source.with_name("new.parquet").rename(source)
        assert [row for batch in rows.batches() for row in batch["value"].to_pylist()] == ["a", "b"]


def test_rows_come_in_batches_of_few_megabytes(tmp_path: Path) -> None:
    write_cases(tmp_path / "long.parquet", value=pa.array([f"{n}" * 50_000 for n in range(200)]))
    write_cases(tmp_path / "short.parquet", value=pa.array(range(50_000)))
    for name in ("long", "short"):
        with opened(tmp_path / f"{name}.parquet") as rows:
            assert max(batch.nbytes for batch in rows.batches()) < 16 << 20
            assert sum(batch.num_rows for batch in rows.batches()) == rows.count
            assert len(list(rows.batches())) >= 5


@pytest.mark.parametrize("name", FORMATS)
def test_a_link_stays_one_and_what_it_leads_to_is_replaced(source: Path, name: str) -> None:
    real, link = source.with_name(f"real.{name}"), source.with_name(f"link.{name}")
    link.symlink_to(real)
    export_to_file(source, link)
    assert link.is_symlink()
    assert real.is_file()


def test_the_table_itself_is_not_replaced(source: Path) -> None:
    source.with_name("link.parquet").symlink_to(source)
    before = source.read_bytes()
    for target in (source, source.with_name("link.parquet")):
        with pytest.raises(UsageError, match="the table itself"):
            export_to_file(source, target)
    assert source.read_bytes() == before


def test_what_is_no_file_is_not_replaced(source: Path) -> None:
    source.with_name("out.csv").mkdir()
    os.mkfifo(source.with_name("fifo.csv"))
    with pytest.raises(UsageError, match="is a folder"):
        export_to_file(source, source.with_name("out.csv"))
    with pytest.raises(UsageError, match="is a FIFO"):
        export_to_file(source, source.with_name("fifo.csv"))
    with pytest.raises(UsageError, match="There is no folder"):
        export_to_file(source, source.with_name("nowhere") / "out.csv")


def test_a_name_without_a_known_ending_is_refused_with_those_that_there_are() -> None:
    for name in ("out", "out.xls", ".csv", "out.csv.gz", "out.txt"):
        with pytest.raises(UsageError, match=r"\.csv, \.jsonl, .*\.xlsx"):
            format_of(Path(name))
    assert format_of(Path("OUT.CSV")) is FORMATS["csv"]


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
def test_a_database_with_other_tables_is_not_replaced(source: Path, name: str) -> None:
    target = source.with_name(f"out.{name}")
    export_to_file(source, target, Options(table="others"))
    before = target.read_bytes()
    with pytest.raises(ExportError, match="holds others besides"):
        export_to_file(source, target)
    assert target.read_bytes() == before
    export_to_file(source, target, Options(table="others"))


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
def test_what_is_no_database_is_not_replaced_by_one(source: Path, name: str) -> None:
    target = source.with_name(f"out.{name}")
    target.write_text("notes of mine" * 1000)
    with pytest.raises(ExportError, match="cannot be looked into"):
        export_to_file(source, target)
    assert target.read_text().startswith("notes of mine")


@pytest.mark.parametrize("table", ["select", 'a"b', "a b", "exported_rows", "\u00e9"])
def test_a_table_may_have_any_name(source: Path, table: str) -> None:
    for name in ("duckdb", "sqlite"):
        target = source.with_name(f"out.{name}")
        target.unlink(missing_ok=True)
        export_to_file(source, target, Options(table=table))
        assert FORMATS[name].tables_in(target) == [table]


def test_a_database_in_use_is_not_replaced(source: Path) -> None:
    target = source.with_name("out.sqlite")
    export_to_file(source, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("INSERT INTO products VALUES (7, 'mine')")
        with pytest.raises(ExportError, match=r"out\.sqlite-wal"):
            export_to_file(source, target)
        assert other.execute("SELECT count(*) FROM products").fetchone() == (3,)


def test_numbers_that_a_format_would_lose_are_refused(source: Path) -> None:
    write_cases(source, value=pa.array([1.5, float("nan")]))
    with pytest.raises(ExportError, match="column value: SQLite has no NaN"):
        export_to_file(source, source.with_name("out.sqlite"))
    export_to_file(source, source.with_name("out.duckdb"))
    with duckdb.connect(str(source.with_name("out.duckdb")), read_only=True) as database:
        assert database.execute("SELECT isnan(value) FROM products").fetchall()[1] == (True,)


@pytest.mark.parametrize("library", ["xlsxwriter", "duckdb"])
def test_a_missing_library_is_told_with_the_extra_that_brings_it(
    source: Path, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    ending = {"xlsxwriter": "xlsx"}.get(library, library)
    with pytest.raises(ExportError, match=rf"catalog-pipeline\[{ending}\]"):
        export_to_file(source, source.with_name(f"out.{ending}"))
    assert [path.name for path in source.parent.iterdir()] == [source.name]


def test_what_is_no_table_is_told(source: Path) -> None:
    source.write_bytes(b"PAR1 and no more")
    with pytest.raises(StorageError, match="no whole Parquet file"):
        export_to_file(source, source.with_name("out.csv"))
    source.unlink()
    with pytest.raises(StorageError, match=r"source\.parquet cannot be read"):
        export_to_file(source, source.with_name("out.csv"))
