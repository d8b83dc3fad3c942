"""A Dagster project of somebody else in which the package is installed, and `dg` in it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog_pipeline_tests.command import Answer, run_program
from catalog_pipeline_tests.forked_programs import DG

_SETTINGS = """\
[project]
name = "shops"
version = "0.1"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "shops"
"""
_DEFINITIONS = """\
from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
"""


def run_dg(*arguments: str, cwd: Path, environ: dict[str, str] | None = None) -> Answer:
    """`dg` as a process, until it ends."""
    wide = {"COLUMNS": "200", **(environ or {})}
    return run_program([*DG, *arguments], cwd=cwd, environ=wide)


@dataclass(frozen=True)
class DgProject:
    """The project `shops`, as Dagster's scaffolder lays one out, below a folder."""

    folder: Path

    @property
    def defs(self) -> Path:
        """Where its components' files are."""
        return self.folder / "shops" / "defs"

    @property
    def environ(self) -> dict[str, str]:
        """The project is importable, and its instance is its own."""
        home = self.folder / "home"
        return {"PYTHONPATH": str(self.folder), "DAGSTER_HOME": str(home)}

    def dg(self, *arguments: str, **environ: str) -> Answer:
        """What `dg` says within the project."""
        return run_dg(*arguments, cwd=self.folder, environ={**self.environ, **environ})

    def definitions(self, **environ: str) -> dict[str, Any]:
        """What `dg list defs` finds."""
        answer = self.dg("list", "defs", "--json", **environ)
        assert answer.code == 0, answer.err
        listed: dict[str, Any] = json.loads(answer.out)
        return listed


def make_project(folder: Path) -> DgProject:
    """An empty project."""
    project = DgProject(folder)
    project.defs.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_SETTINGS)
    (folder / "home").mkdir()
    (folder / "home" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    for package in (project.defs.parent, project.defs):
        (package / "__init__.py").write_text("")
    (project.defs.parent / "definitions.py").write_text(_DEFINITIONS)
    return project
