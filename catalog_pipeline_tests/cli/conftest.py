"""A Dagster project of somebody else, for commands that stand in it."""

from pathlib import Path

import pytest

from catalog_pipeline_tests.catalogue.files_of_texts import SMALL

PYPROJECT = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "shops"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without catalogues; the command stands in a folder below it."""
    root = tmp_path / "project"
    (root / "shops" / "defs").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(root / "shops")
    return root


def add_catalogue(project: Path, name: str, text: str = SMALL) -> None:
    folder = project / "shops" / "defs" / name
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text(text)
