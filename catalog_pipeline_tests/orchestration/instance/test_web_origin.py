"""Runs of the command belong to the code location that has their catalogue."""

from pathlib import Path

import pytest

from catalog_pipeline.catalogue.project import PROJECT_VARIABLE
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.web_origin import code_location
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import Site


def _project(folder: Path) -> str:
    text = 'directory_type = "project"\n[project]\nroot_module = "shops"\n'
    (folder / "dg.toml").write_text(text)
    (folder / "src").mkdir()
    return str(folder)


def test_the_location_is_our_own_or_the_projects(tmp_path: Path):
    assert code_location({})["location_name"] == "catalog_pipeline"
    assert code_location({PROJECT_VARIABLE: _project(tmp_path)}) == {
        "module_name": "shops.definitions",
        "working_directory": str(tmp_path / "src"),
        "location_name": tmp_path.name,
    }


@pytest.mark.processes
def test_the_web_ui_of_a_project_can_execute_its_runs_again(
    run: Run, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(PROJECT_VARIABLE, _project(tmp_path))
    assert run("run", site.name, "--pages", "1").code == 0
    with open_instance() as instance:
        origins = [each.remote_job_origin for each in instance.get_runs() if each.remote_job_origin]
    locations = [each.repository_origin.code_location_origin.location_name for each in origins]
    assert locations == [tmp_path.name, tmp_path.name]
