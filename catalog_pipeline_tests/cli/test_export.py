"""`export`: what it says, what it refuses, and whose files it writes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.tables.exports.cases import write_cases
from catalog_pipeline_tests.tables.exports.readers import READERS
from catalog_pipeline_tests.tables.history.days import Days, products


@pytest.fixture
def table(site: Site) -> Site:
    """The catalogue with a table of two rows, the second of which is a formula."""
    site.places.folder.mkdir(parents=True)
    write_cases(site.places.table, value=pa.array(["a", "=1"]))
    return site


def test_it_says_how_many_rows_went_where(table: Site, tmp_path: Path, run: Run) -> None:
    target = tmp_path / "out.csv"
    answer = run("export", table.name, str(target))
    assert answer.code == 0
    assert answer.out.startswith(f"{target}: 2 rows in ")
    assert target.read_text().splitlines()[2] == '1,"\'=1"'
    assert run("export", table.name, str(target), "--no-safe").code == 0
    assert target.read_text().splitlines()[2] == '1,"=1"'


@pytest.mark.parametrize("name", READERS)
def test_json_tells_file_rows_and_what_is_not_as_its_column(
    table: Site, tmp_path: Path, run: Run, name: str
) -> None:
    write_cases(table.places.table, value=pa.array([2**62]))
    answer = run("export", table.name, str(tmp_path / f"out.{name}"), "--json")
    notes = answer.json.pop("notes") if name != "xlsx" else [answer.json["notes"][0][:8]]
    assert notes == (["value: 1"] if name == "xlsx" else [])
    assert answer.json["file"] == str(tmp_path / f"out.{name}")
    assert (answer.json["what"], answer.json["rows"]) == ("table", 1)


def test_the_past_is_exported_where_there_is_one(table: Site, tmp_path: Path, run: Run) -> None:
    for what in ("history", "changes"):
        target = tmp_path / f"{what}.sqlite"
        answer = run("export", table.name, str(target), "--what", what)
        assert answer.code == 1
        assert f"{table.name} has no {what}" in answer.err
    Days(table.places.folder).day(1, products(a="5"))
    for what in ("history", "changes"):
        target = tmp_path / f"{what}.sqlite"
        assert run("export", table.name, str(target), "--what", what).code == 0
    assert not list(tmp_path.glob("*exporting*"))


def test_without_a_table_it_says_what_makes_one(site: Site, tmp_path: Path, run: Run) -> None:
    answer = run("export", site.name, str(tmp_path / "out.csv"))
    assert answer.code == 1
    assert f"catalog-pipeline run {site.name}" in answer.err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.processes
def test_a_table_that_is_not_what_its_build_put_there_is_not_exported(
    site: Site, tmp_path: Path, run: Run
) -> None:
    site.write(last_page=1)
    run("run", NAME)
    assert run("export", NAME, str(tmp_path / "before.csv")).code == 0
    write_cases(site.places.table, value=pa.array(["a"]))
    there = tmp_path / "list.csv"
    answer = run("export", NAME, str(there))
    assert answer.code == 1
    assert "its build wrote" in answer.err
    assert f"Nothing was exported; catalog-pipeline run {NAME}" in answer.err
    assert not there.exists()


def test_the_past_a_page_or_another_table_is_not_written_over(
    table: Site, tmp_path: Path, run: Run
) -> None:
    folder = table.places.folder
    Days(folder).day(1, products(a="5"))
    other = folder.with_name("other")
    (other / "pages").mkdir(parents=True)
    own = [folder / "history.parquet", folder / "changes.parquet", other / "products.parquet"]
    (tmp_path / "link.parquet").symlink_to(own[0])
    before = own[0].read_bytes()
    for target in (*own, folder / "pages" / "x.csv", tmp_path / "link.parquet"):
        answer = run("export", table.name, str(target))
        assert answer.code == 2
        assert "keeps files of its own" in answer.err
    assert own[0].read_bytes() == before
    assert not own[2].exists()
    table.places.exports.mkdir()
    assert run("export", table.name, str(table.places.exports / "history.parquet")).code == 0


def test_an_ending_that_says_nothing_is_wrong_usage(table: Site, tmp_path: Path, run: Run) -> None:
    answer = run("export", table.name, str(tmp_path / "out.xls"))
    assert answer.code == 2
    assert ".xlsx" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("out.csv", "--table", "a"),
        ("out.duckdb", "--mode", "merge"),
        ("out.duckdb", "--key", "value"),
        ("--to-env", "DWH", "--key", "value"),
        ("--to-env", "DWH", "--mode", "merge", "--what", "changes"),
        ("--to-env", "DWH", "--mode", "merge", "--key", "value,"),
        ("out.duckdb", "--table", " "),
        ("postgresql://shop:secret99@db/shop",),
        (" PostgreSQL://shop:secret99@db/shop",),
        (),
    ],
)
def test_options_without_a_meaning_are_wrong_usage(
    table: Site, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    answer = run("export", table.name, *arguments)
    assert answer.code == 2
    assert "secret99" not in answer.err
    assert set(tmp_path.iterdir()) == before


def test_what_is_behind_a_login_is_for_its_owner_alone(
    table: Site, tmp_path: Path, run: Run
) -> None:
    for headers, mode in (({}, 0o644), ({"X-Key": {"env": "SHOP_KEY"}}, 0o600)):
        table.write(headers=headers)
        for name in READERS:
            target = tmp_path / f"{mode:o}.{name}"
            assert run("export", table.name, str(target)).code == 0
            assert target.stat().st_mode & 0o777 == mode


@pytest.mark.processes
def test_a_run_writes_the_exports_of_the_yaml_and_a_failed_one_fails_nothing_else(
    site: Site, run: Run
) -> None:
    broken = {"to": "csv", "name": "broken", "path": "/dev/null/out.csv"}
    exports = [broken, {"to": "csv"}, {"to": "sqlite", "what": "history"}]
    site.write(last_page=2, exports=exports, history=True)
    answer = run("run", site.name)
    assert answer.code == 1
    assert "2 done, 0 failed" in answer.out
    assert "export_broken: There is no folder /dev/null" in answer.out
    folder = site.places.exports
    assert f"export_csv: {folder / 'products.csv'}" in answer.out
    assert len((folder / "products.csv").read_text().splitlines()) == 41
    assert (folder / "history.sqlite").is_file()
    again = run("run", site.name, "--json")
    told = {each["name"]: each["error"] for each in again.json["exports"]}
    assert list(told) == ["export_broken"]
    assert again.json["exit_code"] == 1
    assert again.json["table_error"] is None
    site.write(last_page=2, exports=exports[1:], history=True)
    assert run("run", site.name).code == 0
    assert "export_" not in run("run", site.name).out
