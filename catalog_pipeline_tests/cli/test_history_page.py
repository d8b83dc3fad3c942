"""docs/history.md shows what commands and libraries print: its outputs are made here."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import Days, products

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "history.md"
README = ROOT / "README.md"


def blocks(mark: str) -> list[str]:
    """The blocks of code of the page that follow a mark."""
    text = PAGE.read_text(encoding="utf-8").partition(f"<!-- {mark} -->")[2].partition("\n## ")[0]
    return re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def data(site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data of four days of the catalogue `shop`, in the folder `data` of the working folder."""
    history = {"track": ["price"]}
    described = site.write(fields=shop.FIELDS, key="sku", product=".product", history=history)
    days = Days(site.places.folder, described)
    days.day(1, products(kettle="24.90", mug="5.00", toaster="49.00"))
    days.day(2, products(kettle="19.90", mug="5.00", lamp="30.00"))
    days.day(3, products(kettle="19.90", lamp="30.00"))
    days.day(4, products(kettle="19.90", lamp="30.00", toaster="49.00"))
    folder = site.places.folder.parent
    monkeypatch.chdir(folder.parent)
    return folder


def test_the_changes_on_the_page_are_what_the_command_prints(data: Path, run: Run) -> None:
    command, _, shown = blocks("changes")[0].partition("\n")
    answer = run(*command.removeprefix("$ catalog-pipeline ").split())
    assert "\n".join(line.rstrip() for line in answer.out.splitlines()) + "\n" == shown


def test_one_products_past_is_a_line_of_pandas_or_duckdb(data: Path) -> None:
    lines, shown = blocks("past")
    by_pandas, by_duckdb = lines.splitlines()
    frame = eval(by_pandas, {"pd": pd})  # noqa: S307
    columns = ["price", "valid_from", "valid_to", "opened_as", "closed_as"]
    printed = frame[columns].to_string(index=False)
    assert "\n".join(line.rstrip() for line in printed.splitlines()) + "\n" == shown
    found = eval(by_duckdb, {"duckdb": duckdb}).fetchall()  # noqa: S307
    assert [row[1] for row in found] == frame["price"].tolist()


def test_the_readme_has_the_line_too(data: Path) -> None:
    text = README.read_text(encoding="utf-8")
    assert blocks("past")[0].splitlines()[0].removeprefix("pd.") in text
    assert f"data/{NAME}/history.parquet" in text
