"""The command within a Dagster project of somebody else: its catalogues, its home, its `.env`."""

from pathlib import Path

import pytest

from catalog_pipeline.catalogue.project import project_environment
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, data_folder
from catalog_pipeline_tests.catalogue.files_of_texts import SMALL
from catalog_pipeline_tests.cli.conftest import add_catalogue
from catalog_pipeline_tests.conftest import Run


def _names(run: Run, *options: str) -> set[str]:
    return {each["catalogue"] for each in run("list", "--json", *options).json}


def test_the_projects_catalogues_are_listed_and_the_bundled_ones_when_asked_for(
    run: Run, project: Path
):
    add_catalogue(project, "eu/phones")
    assert _names(run) == {"phones"}
    assert {"phones", "sandbox"} < _names(run, "--bundled")
    assert _names(run) == {"phones"}


def test_what_looks_like_a_catalogue_and_is_none_is_named(run: Run, project: Path):
    (project / "shops" / "defs" / "phones.yaml").write_text(SMALL)
    answer = run("list", "--json")
    assert answer.json == []
    assert "phones.yaml describes a catalogue and is ignored" in answer.err


def test_without_a_name_the_only_catalogue_is_meant_and_of_several_none(run: Run, project: Path):
    add_catalogue(project, "phones")
    assert "phones has no page 77" in run("run", "--pages", "77").err
    add_catalogue(project, "laptops")
    answer = run("run", "--pages", "77")
    assert (answer.code, answer.err) == (2, "Error: Name a catalogue. Known: laptops, phones.\n")


def test_the_env_file_of_the_project_is_read(run: Run, project: Path):
    add_catalogue(project, "phones")
    (project / ".env").write_text("CATALOG_PIPELINE_PHONES_BASE_URL=http://mirror.example\n")
    (phones,) = run("list", "--json").json
    assert phones["base_url"] == "http://mirror.example"


def test_without_a_home_the_projects_state_is_kept_in_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with project_environment(project):
        assert data_folder() == project / "data"
