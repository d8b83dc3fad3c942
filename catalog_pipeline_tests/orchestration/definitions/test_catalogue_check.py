"""What only Dagster can tell is wrong in a YAML is told before a crawl or a location starts."""

from typing import Any

import pytest

from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.orchestration.definitions.catalogue_check import check_catalogue
from catalog_pipeline.orchestration.definitions.component import CatalogueComponent
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

WRONG = pytest.mark.parametrize(
    ("changes", "field", "what"),
    [
        ({"schedule": {"cron": "61 6 * * *"}}, "schedule.cron", "61 6 * * *"),
        ({"schedule": {"cron": "a b c d e"}}, "schedule.cron", "a b c d e"),
        ({"owners": ["team:catalogues", "nobody"]}, "owners", "must be an email address or a team"),
        ({"tags": {"a b": "c"}}, "tags", "Allowed characters"),
        ({"tags": {"kind": "second hand"}}, "tags", "Allowed characters"),
    ],
)


@WRONG
def test_a_code_location_is_told_the_field_and_what_is_allowed(
    site: Site, changes: dict[str, Any], field: str, what: str
):
    with pytest.raises(CatalogueError) as caught:
        CatalogueComponent(site.write(**changes))
    assert (caught.value.catalogue, caught.value.field) == (NAME, field)
    assert what in str(caught.value)


@pytest.mark.processes
@WRONG
def test_the_command_says_so_before_anything_runs(
    site: Site, run: Run, changes: dict[str, Any], field: str, what: str
):
    site.write(**changes)
    answer = run("run", NAME)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"Error: Catalogue {NAME}, {field}: ")
    assert what in answer.err
    assert site.shop.log() == []


def test_what_dagster_accepts_passes(site: Site):
    check_catalogue(
        site.write(
            schedule={"cron": "*/5 6-9 * * MON", "timezone": "Europe/London"},
            owners=["team:catalogues", "someone@shop.example"],
            tags={"kind": "second-hand", "data/level": "bronze"},
        )
    )
