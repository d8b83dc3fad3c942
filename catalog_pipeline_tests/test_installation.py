"""The package installed into an empty environment: command and code location, from anywhere."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
_BY_EXTRAS = [
    *("psycopg", "psycopg2", "dagster_postgres", "obstore", "duckdb", "xlsxwriter"),
    *("celery", "redis", "dagster_celery", "kubernetes", "dagster_k8s", "boto3", "moto"),
]
"""Packages that come with extras, and others that servers and clusters are spoken to with."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment of its own into which a copy of the project was installed."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    source.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "catalog_pipeline", source / "catalog_pipeline", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    venv = [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")]
    subprocess.run(venv, check=True)
    programs = folder / "venv" / "bin"
    _pip("wheel", *_isolation(), "--wheel-dir", str(folder), str(source))
    shutil.rmtree(source)
    (wheel,) = folder.glob("catalog_pipeline-*.whl")
    _pip(f"--python={programs / 'python'}", "install", str(wheel))
    # The dependencies are those of the tests' environment; what is tried is our own package.
    (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    tests = importlib.util.find_spec("dagster")
    assert tests is not None
    assert tests.origin is not None
    (site_packages / "dependencies.pth").write_text(f"{Path(tests.origin).parents[1]}\n")
    return programs


def _isolation() -> list[str]:
    """What builds the package is taken from the tests' environment if it is new enough there."""
    try:
        is_there = int(importlib.metadata.version("setuptools").split(".")[0]) >= 77
    except importlib.metadata.PackageNotFoundError:
        is_there = False
    return ["--no-build-isolation"] if is_there else []


def _pip(*arguments: str) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    ended = subprocess.run(
        [*pip, *arguments, "--no-deps"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def _run(environment: Path, arguments: list[str], cwd: Path) -> str:
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CATALOG_PIPELINE", "DAGSTER", "PYTHON"))
    }
    ended = subprocess.run(
        [str(environment / arguments[0]), *arguments[1:]],
        cwd=cwd,
        env={**environ, "HOME": str(cwd), "XDG_DATA_HOME": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_command_works_from_any_folder_and_keeps_its_instance_in_the_users(
    environment: Path, tmp_path: Path
):
    # A file of the user's own is no module of ours, though it has the name of one.
    for name in ("random", "requests", "catalog_pipeline") if sys.version_info >= (3, 11) else ():
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the working folder is searched')")
    assert "sandbox  pages 1-50" in _run(environment, ["catalog-pipeline", "list"], tmp_path)
    said = _run(environment, ["catalog-pipeline", "run", "--pages", "1"], tmp_path)
    assert "1 done, 0 failed" in said
    kept = tmp_path / ".local" / "share" / "catalog_pipeline"
    assert (kept / "dagster_home" / "dagster.yaml").is_file()
    assert (kept / "data" / "sandbox" / "products.parquet").is_file()
    _run(environment, ["catalog-pipeline", "report", "sandbox", "report.html"], tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 1_000_000


def test_the_code_location_is_the_installed_one_and_loads(environment: Path, tmp_path: Path):
    script = (
        "import catalog_pipeline.definitions as location, dagster as dg\n"
        "print(location.__file__)\n"
        "print(len(list(location.defs().resolve_all_asset_specs())))"
    )
    where, count = _run(environment, ["python", "-c", script], tmp_path).split()
    assert Path(where).is_relative_to(environment.parent)
    assert int(count) == 10


def test_without_any_extra_and_without_a_server_all_of_it_works_in_files(
    environment: Path, tmp_path: Path
):
    """Whatever the extras bring is as if it were not installed, in each process that starts."""
    (site_packages,) = (environment.parent / "lib").glob("python*/site-packages")
    blocked = site_packages / "without_extras.pth"
    blocked.write_text(f"import sys; sys.modules.update(dict.fromkeys({_BY_EXTRAS}))\n")
    try:
        tried = f"import importlib.util as u; print([*map(u.find_spec, {_BY_EXTRAS})])"
        assert (
            _run(environment, ["python", "-c", tried], tmp_path) == f"{[None] * len(_BY_EXTRAS)}\n"
        )
        said = _run(environment, ["catalog-pipeline", "run", "--pages", "1-3"], tmp_path)
        assert "3 done, 0 failed" in said
        again = _run(environment, ["catalog-pipeline", "run", "--pages", "1-3"], tmp_path)
        assert "0 downloads" in again
        told = _run(environment, ["catalog-pipeline", "status", "sandbox", "--json"], tmp_path)
        assert json.loads(told)[0]["done"] == 3
        for command in ("list", "check", "doctor", "prune"):
            _run(environment, ["catalog-pipeline", command], tmp_path)
        home = tmp_path / ".local" / "share" / "catalog_pipeline" / "dagster_home"
        assert (home / "history" / "runs" / "index.db").is_file()
    finally:
        blocked.unlink()
