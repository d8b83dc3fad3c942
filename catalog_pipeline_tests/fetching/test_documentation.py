"""The tables of docs/fetching.md say what the code does."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from catalog_pipeline.catalogue.politeness import (
    DEFAULT_CONTACT,
    MEBIBYTE,
    Limits,
    Politeness,
)
from catalog_pipeline.fetching.retry_table import markdown_table

PAGE = Path(__file__).parents[2] / "docs" / "fetching.md"


def written(value: object) -> str:
    """A default value as the page writes it."""
    if value is None or value == ():
        return "none"
    if value == DEFAULT_CONTACT:
        return "the project's page"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value // MEBIBYTE} MiB" if value >= MEBIBYTE else f"{value:g}"
    return str(value)


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the table whose first heading is that."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| `{heading}` |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_retry_table_is_the_one_of_the_code() -> None:
    assert markdown_table() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("heading", "model"), [("politeness", Politeness), ("limits", Limits)])
def test_every_limit_and_its_default_are_documented(heading: str, model: type[BaseModel]) -> None:
    documented = [(name, default) for name, default, _ in rows_below(heading)]
    fields = model.model_fields.items()
    assert documented == [(f"`{name}`", written(field.default)) for name, field in fields]
