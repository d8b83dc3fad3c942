"""A command finds the Dagster project that it stands in, its `.env` and its catalogues."""

import os
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.project import (
    PROJECT_VARIABLE,
    Project,
    find_project,
    named_project,
    project_environment,
)
from catalog_pipeline.errors import UsageError

PYPROJECT = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "shops"\n'
DG_TOML = 'directory_type = "project"\n[project]\nroot_module = "shops"\n'


def _found(start: Path) -> Project:
    project = find_project(start)
    assert project is not None
    return project


@pytest.mark.parametrize(("name", "text"), [("pyproject.toml", PYPROJECT), ("dg.toml", DG_TOML)])
def test_a_project_is_found_from_any_depth_below_it(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    inner = tmp_path / "src" / "shops" / "defs"
    inner.mkdir(parents=True)
    project = _found(inner)
    assert (project.root, project.settings) == (tmp_path, tmp_path / name)
    assert (project.defs, project.code_location) == (inner, tmp_path.name)


def test_the_nearest_project_is_the_one_that_is_meant(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    inner = tmp_path / "tools" / "other"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert _found(inner).root == tmp_path
    (inner / "dg.toml").write_text(DG_TOML)
    assert _found(inner).root == inner


def test_a_workspace_is_no_project(tmp_path: Path):
    (tmp_path / "dg.toml").write_text('directory_type = "workspace"\n')
    assert find_project(tmp_path) is None


def test_a_project_may_name_its_folder_and_its_code_location(tmp_path: Path):
    more = 'defs_module = "shops.jobs"\ncode_location_name = "main"\n'
    (tmp_path / "pyproject.toml").write_text(PYPROJECT + more)
    project = _found(tmp_path)
    assert (project.defs, project.code_location) == (tmp_path / "shops" / "jobs", "main")
    assert project.definitions_module == "shops.definitions"


@pytest.mark.parametrize(
    "text", ["directory_type = ", '[tool.dg]\ndirectory_type = "project"\n', "\xff"]
)
def test_a_file_that_does_not_tell_the_project_is_an_error(tmp_path: Path, text: str):
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=r"pyproject\.toml"):
        find_project(tmp_path)


def test_the_environment_has_what_the_projects_env_file_says_and_only_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / ".env").write_text('SHOP_URL="https://shop.example"\nSHOP_NAME=mine\n')
    monkeypatch.setenv("SHOP_NAME", "another")
    with project_environment(tmp_path):
        assert (os.environ["SHOP_URL"], os.environ["SHOP_NAME"]) == ("https://shop.example", "mine")
        assert named_project(os.environ) == find_project(tmp_path)
    assert "SHOP_URL" not in os.environ
    assert PROJECT_VARIABLE not in os.environ
    assert os.environ["SHOP_NAME"] == "another"


def test_a_project_that_is_named_and_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(UsageError, match="no Dagster project is there"):
        named_project({PROJECT_VARIABLE: str(tmp_path)})
