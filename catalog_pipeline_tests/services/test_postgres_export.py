"""Exports to a real PostgreSQL server: the same values, all rows or none, and no secret told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psycopg
import pyarrow as pa
import pytest

from catalog_pipeline.errors import ExportError, UsageError
from catalog_pipeline.tables.exports.parquet_rows import opened
from catalog_pipeline.tables.exports.postgres import database_url, export_to_postgres
from catalog_pipeline.tables.exports.writing import Mode, TableOptions
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.postgres_server import PASSWORD, Database, running_server
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.tables.exports.cases import CASES, NUL, expected, write_cases
from catalog_pipeline_tests.tables.exports.readers import in_utc
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.embedded("is about tables on a server, and no home")


def _without_nul(value: object) -> object:
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    return value.replace("\0", "") if isinstance(value, str) else value


HELD = {
    name: pa.array([_without_nul(value) for value in array.to_pylist()], array.type)
    for name, array in CASES.items()
}
"""PostgreSQL has no NUL in texts."""
MODES: tuple[Mode, ...] = ("replace", "merge")
BY_KEY = TableOptions("products", "merge", ("place",))


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with running_server() as database:
        yield database


@pytest.fixture
def database(server: Database) -> Database:
    """The server with nothing in it."""
    server.does("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return server


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A table of two rows."""
    write_cases(tmp_path / "source.parquet", value=pa.array(["a", "b"]))
    return tmp_path / "source.parquet"


def _export(source: Path, database: Database, options: TableOptions) -> int:
    return export_to_postgres(source, database.url, "DWH", options).rows


@pytest.fixture(scope="module")
def all_cases(server: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All values that PostgreSQL can hold, written in either way."""
    source = tmp_path_factory.mktemp("cases") / "source.parquet"
    write_cases(source, **HELD)
    server.does("DROP SCHEMA IF EXISTS cases CASCADE", "CREATE SCHEMA cases")
    for mode in MODES:
        _export(source, server, TableOptions(f"cases.{mode}", mode, ("place",)))
    return source


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", HELD)
def test_values_are_the_same_when_they_are_queried(
    server: Database, all_cases: Path, case: str, mode: Mode
) -> None:
    found = server.rows(f'SELECT "{case}" FROM cases.{mode} ORDER BY place')  # noqa: S608
    wanted = expected(HELD[case])
    assert [in_utc(value) for (value,) in found[: len(wanted)]] == wanted


def test_columns_have_the_exact_types(server: Database, all_cases: Path) -> None:
    found = server.rows(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'cases.replace'::regclass AND attnum > 0"
    )
    types = dict(cast(list[tuple[str, str]], found))
    assert types["amounts"] == "numeric"
    assert types["instants"] == "timestamp with time zone"
    assert types["local times"] == "timestamp without time zone"
    assert types["lists of texts"] == "text[]"
    assert types["lists of amounts"] == "numeric[]"
    assert types["integers"] == "bigint"


def test_not_a_number_and_infinities_are_held(source: Path, database: Database) -> None:
    write_cases(source, value=pa.array([float("nan"), float("inf"), float("-inf")]))
    _export(source, database, TableOptions("products"))
    assert database.rows("SELECT value::text FROM products ORDER BY place") == [
        ("NaN",), ("Infinity",), ("-Infinity",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "array", [pa.array(["a", NUL]), pa.array([["a"], ["b", NUL]])], ids=["text", "list"]
)
def test_a_nul_is_refused_with_its_place_and_nothing_changes(
    source: Path, database: Database, array: pa.Array
) -> None:
    _export(source, database, TableOptions("products"))
    write_cases(source, value=array)
    with pytest.raises(ExportError, match="row 2, column value: PostgreSQL has no NUL"):
        _export(source, database, TableOptions("products"))
    assert database.rows("SELECT value FROM products ORDER BY place") == [("a",), ("b",)]


def test_a_table_that_is_replaced_holds_the_new_rows_alone(
    source: Path, database: Database
) -> None:
    _export(source, database, TableOptions("products"))
    database.does(
        "CREATE VIEW seen AS SELECT value FROM products", "GRANT SELECT ON seen TO PUBLIC"
    )
    write_cases(source, value=pa.array(["c"]))
    for _ in range(2):
        assert _export(source, database, TableOptions("products")) == 1
    assert database.rows("SELECT value FROM seen") == [("c",)]


def test_columns_of_a_table_of_ours_follow_those_that_are_exported(
    source: Path, database: Database
) -> None:
    _export(source, database, TableOptions("products"))
    write_cases(source, value=pa.array([1]), more=pa.array(["x"]))
    _export(source, database, TableOptions("products"))
    write_cases(source, more=pa.array(["y"]))
    _export(source, database, TableOptions("products"))
    assert database.rows("SELECT * FROM products") == [(0, "y")]


def test_rows_are_merged_by_key_and_those_that_are_gone_stay(
    source: Path, database: Database
) -> None:
    for values, wanted in (
        (["a", "b"], ["a", "b"]),
        (["c"], ["c", "b"]),
        (["c", "b", "d"], ["c", "b", "d"]),
        (["c", "b", "d"], ["c", "b", "d"]),
    ):
        write_cases(source, value=pa.array(values))
        _export(source, database, BY_KEY)
        found = database.rows("SELECT value FROM products ORDER BY place")
        assert [value for (value,) in found] == wanted


def test_a_merge_again_writes_no_row_anew(source: Path, database: Database) -> None:
    _export(source, database, BY_KEY)
    before = database.rows("SELECT ctid, xmin FROM products ORDER BY place")
    _export(source, database, BY_KEY)
    assert database.rows("SELECT ctid, xmin FROM products ORDER BY place") == before


def test_a_table_that_was_replaced_can_be_merged_into(source: Path, database: Database) -> None:
    _export(source, database, TableOptions("products"))
    write_cases(source, value=pa.array(["c"]), more=pa.array(["x"]))
    _export(source, database, BY_KEY)
    assert database.rows("SELECT * FROM products ORDER BY place") == [
        (0, "c", "x"), (1, "b", None),
    ]  # fmt: skip


def test_a_key_of_several_columns_or_of_all(source: Path, database: Database) -> None:
    write_cases(source, value=pa.array(["a", "b"]))
    for _ in range(2):
        _export(source, database, TableOptions("products", "merge", ("value", "place")))
    assert len(database.rows("SELECT * FROM products")) == 2


def test_rows_without_their_key_or_with_that_of_another_are_not_merged(
    source: Path, database: Database
) -> None:
    by_value = TableOptions("products", "merge", ("value",))
    write_cases(source, value=pa.array(["a", None]))
    with pytest.raises(ExportError, match="1 rows have no value"):
        _export(source, database, by_value)
    write_cases(source, value=pa.array(["a", "a"]))
    with pytest.raises(ExportError, match=r"2 rows have the same value, \(a\): merge by columns"):
        _export(source, database, by_value)
    assert database.rows("SELECT to_regclass('products')") == [(None,)]
    for key in ((), ("nothing",)):
        with pytest.raises(UsageError):
            _export(source, database, TableOptions("products", "merge", key))


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("place bigint, value varchar(1)", "value is character varying"),
        ("place bigint", "value is missing"),
        ("place bigint, value text, mine text", "mine is not exported"),
        ("place boolean, value text", "place is boolean and not bigint"),
    ],
)
def test_a_table_of_somebody_else_with_other_columns_stays_as_it_is(
    source: Path, database: Database, columns: str, problem: str
) -> None:
    database.does(f"CREATE TABLE products ({columns})")
    with pytest.raises(ExportError, match=problem):
        _export(source, database, TableOptions("products"))
    assert database.rows("SELECT count(*) FROM products") == [(0,)]


def test_a_column_that_would_round_amounts_is_refused(source: Path, database: Database) -> None:
    write_cases(source, value=CASES["small amounts"])
    database.does("CREATE TABLE products (place bigint PRIMARY KEY, value numeric(12, 2))")
    for options in (TableOptions("products"), BY_KEY):
        with pytest.raises(ExportError, match=r"value is numeric\(12,2\) and not numeric"):
            _export(source, database, options)
    database.does("ALTER TABLE products ALTER value TYPE numeric(30, 10)")
    _export(source, database, BY_KEY)
    assert len(database.rows("SELECT value FROM products")) == 3


def test_a_table_of_somebody_else_that_fits_is_filled_and_keeps_its_columns(
    source: Path, database: Database
) -> None:
    database.does("CREATE TABLE products (value varchar, place int PRIMARY KEY, mine int)")
    _export(source, database, BY_KEY)
    database.does("UPDATE products SET mine = 7")
    write_cases(source, value=pa.array(["c"]))
    _export(source, database, BY_KEY)
    assert database.rows("SELECT place, value, mine FROM products ORDER BY place") == [
        (0, "c", 7), (1, "b", 7),
    ]  # fmt: skip
    database.does("CREATE TABLE without_key (value text, place int)")
    with pytest.raises(ExportError, match="has no unique index on place"):
        _export(source, database, TableOptions("without_key", "merge", ("place",)))


@pytest.mark.parametrize("name", ['a"b; DROP TABLE kept; --', "select", "Kept", "x" * 63, "\u00e9"])
def test_a_table_may_have_any_name_and_so_may_columns(
    source: Path, database: Database, name: str
) -> None:
    database.does("CREATE TABLE kept (a int)")
    write_cases(source, **{name: pa.array(["x"])})
    for mode in MODES:
        for _ in range(2):
            _export(source, database, TableOptions(name, mode, (name,)))
    found = database.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                          " AND relkind = 'r' ORDER BY relname = 'kept'")  # fmt: skip
    assert found == [(name,), ("kept",)]


@pytest.mark.parametrize("name", ["x" * 64, "\u00e9" * 32, "", "a.b.c", "a\0"])
def test_a_name_that_the_server_would_cut_is_refused(
    source: Path, database: Database, name: str
) -> None:
    with pytest.raises((ExportError, UsageError)):
        _export(source, database, TableOptions(name))
    if "." not in name:
        write_cases(source, **{name: pa.array(["x"])})
        with pytest.raises((ExportError, UsageError)):
            _export(source, database, TableOptions("products"))
    assert database.rows("SELECT to_regclass('products')") == [(None,)]


def test_a_schema_may_be_named_and_a_view_is_not_replaced(source: Path, database: Database) -> None:
    database.does("DROP SCHEMA IF EXISTS other CASCADE", "CREATE SCHEMA other",
                  "CREATE VIEW seen AS SELECT 1")  # fmt: skip
    _export(source, database, TableOptions("other.products"))
    assert len(database.rows("SELECT * FROM other.products")) == 2
    with pytest.raises(ExportError, match="seen is there and is no table"):
        _export(source, database, TableOptions("seen"))
    with pytest.raises(ExportError, match="nowhere"):
        _export(source, database, TableOptions("nowhere.products"))


@pytest.mark.parametrize("mode", MODES)
def test_an_export_that_is_killed_leaves_the_old_rows_and_the_next_one_is_whole(
    source: Path, database: Database, mode: Mode
) -> None:
    _export(source, database, TableOptions("products", mode, ("place",)))
    write_cases(source, value=pa.array(["new"] * 20_000))
    script = (
        "import sys, signal; from pathlib import Path\n"
        "from catalog_pipeline.tables.exports import csv_file, postgres, writing\n"
        "batches = postgres.csv_batches\n"
        "def stops(*arguments):\n"
        "    for number, lines in enumerate(batches(*arguments)):\n"
        "        yield lines\n"
        "        print(number, flush=True); sys.stdin.readline()\n"
        "postgres.csv_batches = stops\n"
        "options = writing.TableOptions('products', sys.argv[3], ('place',))\n"
        "postgres.export_to_postgres(Path(sys.argv[1]), sys.argv[2], 'DWH', options)\n"
    )
    command = [sys.executable, "-c", script, str(source), database.url, mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"0\n"
        os.kill(process.pid, signal.SIGKILL)
    assert len(database.rows("SELECT * FROM products")) == 2
    for _ in range(2):
        _export(source, database, TableOptions("products", mode, ("place",)))
        assert database.rows("SELECT count(*), min(value), max(value) FROM products") == [
            (20_000, "new", "new")
        ]


def test_readers_see_the_old_rows_until_all_new_ones_are_there(
    source: Path, database: Database
) -> None:
    _export(source, database, TableOptions("products"))
    with opened(source), psycopg.connect(database.url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert reader.execute("SELECT count(*) FROM products").fetchone() == (2,)
        write_cases(source, value=pa.array(["c"]))
        _export(source, database, TableOptions("products"))
        assert reader.execute("SELECT count(*) FROM products").fetchone() == (2,)
    assert database.rows("SELECT count(*) FROM products") == [(1,)]


def test_two_exports_at_once_follow_each_other(source: Path, database: Database) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from catalog_pipeline.tables.exports import postgres, writing\n"
        "postgres.export_to_postgres(Path(sys.argv[1]), sys.argv[2], 'DWH',"
        " writing.TableOptions('products'))\n"
    )
    command = [sys.executable, "-c", script, str(source), database.url]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=PATIENCE_SECONDS) for process in both] == [0, 0]
    assert len(database.rows("SELECT * FROM products")) == 2


def test_no_secret_is_part_of_a_message(source: Path, database: Database) -> None:
    wrong = "not-" + "the-password"
    urls = (
        database.url.replace("shop:", f"shop:{wrong}", 1),
        f"postgresql://shop:{wrong}@127.0.0.1:1/{wrong}",
        f"postgresql://shop:{wrong}@/postgres?no_such_option=1",
        f"postgresql://shop:{wrong}@host:port/",
        f"postgresql://shop:{wrong}@[::1/",
    )
    for url in urls:
        with pytest.raises((ExportError, UsageError)) as caught:
            export_to_postgres(
                source, database_url({"DWH": url}, "DWH"), "DWH", TableOptions("products")
            )
        assert "DWH" in str(caught.value)
        assert caught.value.__cause__ is None
        assert wrong not in str(caught.value)
        assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("url", ["", "sqlite:///x", "postgresql", "host=/tmp password=secret99"])
def test_a_variable_without_an_address_is_told_by_its_name_alone(url: str) -> None:
    with pytest.raises(UsageError, match="variable DWH") as caught:
        database_url({"DWH": url}, "DWH")
    assert "secret99" not in str(caught.value)


def test_the_command_takes_the_address_from_the_environment_alone(
    site: Site, database: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.places.folder.mkdir(parents=True)
    write_cases(site.places.table, **{name: pa.array(["a"]) for name in site.catalogue.key_columns})
    answer = run("export", site.name, database.url)
    assert answer.code == 2
    assert PASSWORD not in answer.err
    answer = run("export", site.name, "--to-env", "DWH")
    assert answer.code == 2
    assert "variable DWH, which is not set" in answer.err
    monkeypatch.setenv("DWH", database.url)
    for mode in MODES:
        answer = run("export", site.name, "--to-env", "DWH", "--table", mode, "--mode", mode)
        assert answer.code == 0
        assert answer.out.startswith(f"{mode} of the database of DWH: 1 row in ")
        assert len(database.rows(f"SELECT * FROM {mode}")) == 1  # noqa: S608
    assert run("export", site.name, "out.csv", "--to-env", "DWH").code == 2
    assert run("export", site.name).code == 2
