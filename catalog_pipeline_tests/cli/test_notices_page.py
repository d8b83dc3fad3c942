"""docs/notices.md shows a YAML that is valid and what the command prints: both are tried here."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest
import yaml

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.built_days import BuiltDays
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import products

PAGE = Path(__file__).parents[2] / "docs" / "notices.md"


def block(mark: str) -> str:
    """The block of code of the page that follows a mark."""
    text = PAGE.read_text(encoding="utf-8").partition(f"<!-- {mark} -->")[2]
    found = re.search(r"```\w*\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_notices_on_the_page_are_what_the_command_prints_for_its_yaml(
    site: Site, instance: dg.DagsterInstance, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_URL", "json://127.0.0.1:1")
    fresh = {"coverage": {"stale_after_hours": 80_000}}
    days = BuiltDays(site, instance, **yaml.safe_load(block("yaml")), **fresh)
    days.day(1, products(kettle="24.90", mug="5"), products())
    after = {"price": ["19.90", "5.00", "30"], "is_new": [True, False, True]}
    days.day(2, shop.rows(["kettle", "mug", "lamp"], **after), products())
    command, _, shown = block("dry-run").partition("\n")
    answer = run(*command.removeprefix("$ catalog-pipeline ").split())
    assert answer.code == 0
    assert "\n".join(line.rstrip() for line in answer.out.splitlines()) + "\n" == shown
