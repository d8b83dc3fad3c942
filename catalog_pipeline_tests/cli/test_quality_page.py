"""docs/quality.md shows a YAML that is one, the checks that there are, and what a refusal says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog_pipeline.orchestration.runs.page_verdicts import ALL_KNOWN, DESCRIPTIONS
from catalog_pipeline.tables.quality.verdicts import check_names
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

PAGE = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")


@pytest.fixture
def checks() -> Any:
    """The checks of the page's YAML."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return yaml.safe_load(text)["checks"]


def test_the_table_of_the_page_has_the_checks_that_its_yaml_makes(site: Site, checks: Any) -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    made = {*check_names(site.write(checks=checks)), *DESCRIPTIONS, ALL_KNOWN}
    assert made - listed == {"values_of_category_slug"}
    assert listed <= made


@pytest.mark.processes
def test_a_refusal_says_what_is_on_the_page(site: Site, run: Run, checks: Any) -> None:
    site.write(last_page=2, checks=checks)
    shown = PAGE.partition("<!-- refused -->")[2].split("```")[1].strip()
    answer = run("run", NAME)
    assert answer.code == 1
    assert shown in answer.out
