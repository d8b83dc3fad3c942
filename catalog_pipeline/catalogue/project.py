"""The Dagster project that a command stands in, found as `dg` finds it.

Upwards from a folder: the first `dg.toml`, or `pyproject.toml` with `[tool.dg]`, that describes a
project. Not here: which catalogues it has (`finding`), and where its home and data are (`places`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import UsageError

PROJECT_VARIABLE = "CATALOG_PIPELINE_PROJECT"
"""Environment variable with the root of the project whose catalogues are meant."""
BUNDLED_VARIABLE = "CATALOG_PIPELINE_BUNDLED"
"""Environment variable that, if set, adds the bundled catalogues to a project's own."""
_OURS = "catalog_pipeline"


@dataclass(frozen=True)
class Project:
    """A Dagster project: its folder, the file that says so, and what that file says."""

    root: Path
    settings: Path
    root_module: str
    defs_module: str
    definitions_module: str
    code_location: str

    @property
    def is_our_own(self) -> bool:
        """Whether it is this package itself, whose catalogues are the bundled ones."""
        return self.root_module == _OURS

    @property
    def source(self) -> Path:
        """The folder from which its modules are imported."""
        source = self.root / "src"
        return source if source.is_dir() else self.root

    @property
    def defs(self) -> Path:
        """The folder of its definitions, which need not be there."""
        return self.source.joinpath(*self.defs_module.split("."))

    @property
    def env_file(self) -> Path:
        """The file of its environment variables, which need not be there."""
        return self.root / ".env"


def find_project(start: Path) -> Project | None:
    """The project that a folder is in, if any.

    Raises:
        UsageError: the file that would describe it cannot be read.
    """
    for folder in (start, *start.parents):
        for settings, section in _settings(folder):
            if section.get("directory_type") == "project":
                return _project(settings, section)
    return None


def named_project(environ: Mapping[str, str]) -> Project | None:
    """The project whose root the environment names, if any.

    Raises:
        UsageError: there is none.
    """
    root = environ.get(PROJECT_VARIABLE)
    if not root:
        return None
    project = find_project(Path(root))
    if project is None or project.root != Path(root):
        raise UsageError(f"{PROJECT_VARIABLE} is {root!r}, and no Dagster project is there.")
    return project


@contextmanager
def project_environment(start: Path | None) -> Iterator[None]:
    """Within the block the environment has the project of `start` and what its `.env` says.

    As with `dg`, what `.env` says goes before what was there.
    """
    project = named_project(os.environ) or (find_project(start) if start else None)
    before = dict(os.environ)
    if project is not None:
        os.environ.update(env_values(project))
        if not project.is_our_own:
            os.environ[PROJECT_VARIABLE] = str(project.root)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def env_values(project: Project) -> dict[str, str]:
    """What the project's `.env` sets."""
    if not project.env_file.is_file():
        return {}
    # Few projects have one, and every command comes by here.
    from dotenv import dotenv_values

    values = dotenv_values(project.env_file)
    return {name: value for name, value in values.items() if value is not None}


def _settings(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The files of a folder that may describe a project, with their sections on `dg`."""
    path = folder / "dg.toml"
    if path.is_file():
        yield path, _read(path)
    path = folder / "pyproject.toml"
    if path.is_file():
        yield path, _read(path).get("tool", {}).get("dg", {})


def _read(path: Path) -> dict[str, Any]:
    # Late: workers import this module for its names, and read no project.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read, and may describe a project: {error}") from error


def _project(settings: Path, section: Mapping[str, Any]) -> Project:
    described = section.get("project", {})
    root_module = described.get("root_module")
    if not isinstance(root_module, str) or not root_module:
        raise UsageError(f"{settings} describes a Dagster project without root_module.")
    root = settings.parent
    return Project(
        root=root,
        settings=settings,
        root_module=root_module,
        defs_module=described.get("defs_module") or f"{root_module}.defs",
        definitions_module=described.get("code_location_target_module")
        or f"{root_module}.definitions",
        code_location=described.get("code_location_name") or root.name,
    )
