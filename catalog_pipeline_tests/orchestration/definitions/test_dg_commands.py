"""Dagster's own `dg` serves a catalogue's author as it does for Dagster's own components."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.schema import OLDER_TYPE_NAMES, SCHEMA_LINE, TYPE_NAME
from catalog_pipeline_tests.dg_project import DgProject, make_project, run_dg

pytestmark = pytest.mark.processes

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> DgProject:
    """A project of somebody else."""
    return make_project(tmp_path_factory.mktemp("somebody") / "shops")


@pytest.fixture(scope="module")
def scaffolded(project: DgProject) -> Path:
    """A catalogue that was scaffolded there, two folders deep, with some options."""
    answer = project.dg(
        *("scaffold", "defs", TYPE_NAME, "de/kettles"),
        *("--base-url", "https://kettles.example", "--last-page", "7"),
        *("--description", "Kettles: all of them, 100% # really"),
        *("--product", 'div.card[title="a: b"]'),
    )
    assert answer.code == 0, answer.err
    return project.defs / "de" / "kettles" / "defs.yaml"


def _key(listed: list[dict[str, Any]]) -> set[str]:
    return {each["asset_key"] for each in listed}


@pytest.mark.parametrize("is_own", [True, False], ids=["in the checkout", "in another project"])
def test_it_is_listed_among_the_components(project: DgProject, is_own: bool):
    folder = CHECKOUT if is_own else project.folder
    answer = run_dg("list", "components", "--json", cwd=folder, environ=project.environ)
    items = {each["key"]: each["summary"] for each in json.loads(answer.out)["items"]}
    assert items[TYPE_NAME].startswith("One site's product listing as resumable assets")


def test_it_can_be_inspected_with_its_schema_and_the_parameters_of_its_scaffold(
    project: DgProject,
):
    answer = project.dg("utils", "inspect-component", TYPE_NAME)
    assert answer.code == 0, answer.err
    assert "One site's product listing" in answer.out
    assert "Template of a listing page's URL, with {page}." in answer.out
    assert "Requests that are under way at a time." in answer.out


def test_what_is_scaffolded_is_a_commented_catalogue_that_loads(
    project: DgProject, scaffolded: Path
):
    text = scaffolded.read_text(encoding="utf-8")
    assert text.startswith(f"{SCHEMA_LINE}\n# ")
    catalogue = read_catalogue(scaffolded)
    assert (catalogue.name, catalogue.base_url, catalogue.last_page) == (
        "kettles",
        "https://kettles.example",
        7,
    )
    assert catalogue.description == "Kettles: all of them, 100% # really"
    assert catalogue.product == ('div.card[title="a: b"]',)
    checked = project.dg("check", "yaml")
    assert checked.code == 0, checked.out
    definitions = project.definitions()
    assert _key(definitions["assets"]) == {"kettles/product_pages", "kettles/products"}
    assert {each["name"] for each in definitions["schedules"]} == {
        "kettles_refresh_schedule",
        "kettles_retention_schedule",
    }
    loaded = project.dg("check", "defs")
    assert loaded.code == 0, loaded.out


def test_its_schema_is_where_its_first_line_says(scaffolded: Path):
    path = SCHEMA_LINE.partition("$schema=")[2]
    schema = json.loads((scaffolded.parent / path).read_text(encoding="utf-8"))
    assert schema["properties"]["attributes"]["properties"]["base_url"]["description"]


def test_the_names_of_before_stay_valid(tmp_path: Path, scaffolded: Path):
    project = make_project(tmp_path / "shops")
    text = scaffolded.read_text(encoding="utf-8")
    for number, name in enumerate(OLDER_TYPE_NAMES):
        file = project.defs / f"kettles_{number}" / "defs.yaml"
        file.parent.mkdir()
        file.write_text(text.replace(f"type: {TYPE_NAME}\n", f"type: {name}\n"))
    assert {"kettles_0/products", "kettles_1/products"} <= _key(project.definitions()["assets"])


def test_a_key_that_is_misspelt_is_found_by_the_check_of_the_yaml(tmp_path: Path, scaffolded: Path):
    project = make_project(tmp_path / "shops")
    file = project.defs / "kettles" / "defs.yaml"
    file.parent.mkdir()
    text = scaffolded.read_text(encoding="utf-8")
    file.write_text(text.replace("  politeness:\n", "  polite:\n"))
    checked = project.dg("check", "yaml")
    assert checked.code == 1
    assert "polite" in checked.out


def test_one_mistake_leaves_somebody_elses_other_catalogues_as_they_are_and_fails_the_check(
    tmp_path: Path, scaffolded: Path
):
    project = make_project(tmp_path / "shops")
    text = scaffolded.read_text(encoding="utf-8")
    for name, pages in (("kettles", 7), ("toasters", 0)):
        file = project.defs / name / "defs.yaml"
        file.parent.mkdir()
        file.write_text(text.replace("last_page: 7\n", f"last_page: {pages}\n"))
    descriptions = {
        each["asset_key"]: each["description"] for each in project.definitions()["assets"]
    }
    assert "Kettles: all of them" in descriptions["kettles/product_pages"]
    sentence = "last_page (0) is less than first_page (1)"
    assert sentence in descriptions["toasters/product_pages"]
    checked = project.dg("check", "defs")
    assert checked.code == 1
    assert "Catalogue toasters" in checked.out + checked.err
    assert sentence in checked.out + checked.err


@pytest.mark.embedded("is about a home with Dagster's own storages")
def test_the_bundled_catalogues_pass_its_checks(home: Path):
    environ = {"DAGSTER_HOME": str(home)}
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    for what in ("yaml", "defs"):
        answer = run_dg("check", what, cwd=CHECKOUT, environ=environ)
        assert answer.code == 0, answer.out
    listed = json.loads(run_dg("list", "defs", "--json", cwd=CHECKOUT, environ=environ).out)
    assert "sandbox/product_pages" in _key(listed["assets"])
