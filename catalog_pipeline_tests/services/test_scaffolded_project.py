"""A Dagster project of somebody else, made by Dagster's scaffolder, with a catalogue in it.

Crawled by `dg launch` and by the command: both see one and the same state.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.command import Answer, run_process
from catalog_pipeline_tests.site import bundled_attributes

pytestmark = pytest.mark.embedded("is about the home that Dagster's commands make")

BIN = Path(sys.executable).parent
SECONDS = 180
OWN_ASSETS = """
import dagster as dg


@dg.asset(group_name="phones")
def products() -> None: ...


@dg.asset(key=["phones", "report"], tags={"catalog_pipeline/catalogue": "phones"})
def report() -> None: ...
"""


class ScaffoldedProject:
    """A project named `own_project` with assets of its own and the catalogue `phones`."""

    def __init__(self, folder: Path, shop: RunningShop) -> None:
        self.root = folder / "own_project"
        self._environ = {
            name: value
            for name, value in os.environ.items()
            if name not in (HOME_VARIABLE, DATA_VARIABLE, EXTRA_FOLDER_VARIABLE)
        }
        self._program(folder, "create-dagster", "project", "--no-uv-sync", "own_project")
        defs = self.root / "src" / "own_project" / "defs"
        (defs / "assets.py").write_text(OWN_ASSETS)
        catalogue = defs / "shops" / "eu" / "phones" / "defs.yaml"
        catalogue.parent.mkdir(parents=True)
        attributes = {**bundled_attributes("sandbox"), "base_url": "{{ env.SHOP_URL }}"}
        attributes |= {"last_page": 4}
        del attributes["practice_shop"], attributes["schedule"]
        content = {"type": "catalog_pipeline.CatalogueComponent", "attributes": attributes}
        catalogue.write_text(yaml.safe_dump(content, sort_keys=False))
        home = self.root / "dagster_home"
        home.mkdir()
        (self.root / ".env").write_text(f"{HOME_VARIABLE}={home}\nSHOP_URL={shop.url}\n")

    def dg(self, *arguments: str) -> str:
        """Standard output of `dg` within the project."""
        return self._program(self.root, "dg", *arguments)

    def command(self, *arguments: str) -> Answer:
        """The command within a folder below the project."""
        return run_process(*arguments, cwd=self.root / "src", environ={HOME_VARIABLE: ""})

    def statuses(self) -> dict[str, int]:
        """The counts of the catalogue's pages by status."""
        (status,) = self.command("status", "--json").json
        assert status["catalogue"] == "phones"
        return {key: status[key] for key in ("done", "failed", "missing")}

    def _program(self, cwd: Path, name: str, *arguments: str) -> str:
        environ = {**self._environ, "PYTHONPATH": str(self.root / "src")}
        ended = subprocess.run(
            [str(BIN / name), *arguments],
            cwd=cwd,
            env={**environ, "PATH": f"{BIN}:{environ['PATH']}", "DO_NOT_TRACK": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture
def project(tmp_path: Path, shop: RunningShop) -> ScaffoldedProject:
    """The scaffolded project; its catalogue is the running practice shop."""
    return ScaffoldedProject(tmp_path, shop)


def test_dg_and_the_command_see_one_and_the_same_state(
    project: ScaffoldedProject, shop: RunningShop
):
    assert [each["catalogue"] for each in project.command("list", "--json").json] == ["phones"]
    listed = project.dg("list", "defs", "--json")
    for key in ("phones/product_pages", "phones/products", "phones/report"):
        assert key in listed
    assert project.statuses() == {"done": 0, "failed": 0, "missing": 4}

    project.dg("launch", "--assets", "phones/product_pages", "--partition-range", "1...2")
    assert project.statuses() == {"done": 2, "failed": 0, "missing": 2}

    answer = project.command("run", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["downloads"] == 2
    assert project.statuses() == {"done": 4, "failed": 0, "missing": 0}
    assert (project.root / "data" / "phones" / "products.parquet").is_file()

    before = shop.hits()
    assert project.command("run", "--json").json["downloads"] == 0
    assert shop.hits() == before
