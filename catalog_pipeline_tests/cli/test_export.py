"""`export`: what it says, what it refuses, and whose files it writes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.tables.exports.cases import write_cases
from catalog_pipeline_tests.tables.exports.readers import READERS


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
        write_cases(table.places.folder / f"{what}.parquet", value=pa.array([what]))
        assert run("export", table.name, str(target), "--what", what).code == 0
    assert not list(tmp_path.glob("*exporting*"))


def test_without_a_table_it_says_what_makes_one(site: Site, tmp_path: Path, run: Run) -> None:
    answer = run("export", site.name, str(tmp_path / "out.csv"))
    assert answer.code == 1
    assert f"catalog-pipeline run {site.name}" in answer.err
    assert not (tmp_path / "out.csv").exists()


def test_an_ending_that_says_nothing_is_wrong_usage(table: Site, tmp_path: Path, run: Run) -> None:
    answer = run("export", table.name, str(tmp_path / "out.xls"))
    assert answer.code == 2
    assert ".xlsx" in answer.err


def test_what_is_behind_a_login_is_for_its_owner_alone(
    table: Site, tmp_path: Path, run: Run
) -> None:
    for headers, mode in (({}, 0o644), ({"X-Key": {"env": "SHOP_KEY"}}, 0o600)):
        table.write(headers=headers)
        for name in READERS:
            target = tmp_path / f"{mode:o}.{name}"
            assert run("export", table.name, str(target)).code == 0
            assert target.stat().st_mode & 0o777 == mode
