"""A home, pages and YAML of release 1: read, resumed, built and refreshed by the present code.

Pages 1 to 5 were done, 6 had failed, 7 was stored and not recorded, 8 was never asked for.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, SETTINGS_NAME
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.postgres_server import SETTINGS, Database
from catalog_pipeline_tests.report.read_report import ReadReport
from catalog_pipeline_tests.site import NAME

ARCHIVE = Path(__file__).parent / "fixtures" / "release-1.tar.xz"
PORT = 8177
"""The port of the YAML's `base_url`."""


@pytest.fixture
def release_1(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What release 1 left, unpacked, with the environment that points to it."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "release-1"
    monkeypatch.setenv(HOME_VARIABLE, str(folder / "dagster_home"))
    monkeypatch.setenv(DATA_VARIABLE, str(folder / "data"))
    monkeypatch.setenv(EXTRA_FOLDER_VARIABLE, str(folder / "catalogues"))
    return folder


@pytest.fixture
def its_shop() -> Iterator[RunningShop]:
    """The practice shop as it was and where it was when release 1 crawled it."""
    with RunningShop(ShopSettings(pages=8, page_size=3), port=PORT) as shop:
        yield shop


@pytest.mark.processes
def test_what_release_1_left_is_resumed_built_and_refreshed(
    release_1: Path, its_shop: RunningShop, run: Run
):
    (before,) = run("status", NAME, "--json").json
    assert (before["done"], before["failed_pages"], before["missing_pages"]) == (5, "6", "7-8")
    assert [failure["page"] for failure in before["failures"]] == [6]
    assert before["moved_pages"] == ""

    reported = run("report", NAME, str(release_1 / "report.html"))
    assert reported.code == 0
    report = ReadReport((release_1 / "report.html").read_bytes())
    assert report.texts("#pages p") == ["8 pages: 5 done, 1 failed, 2 missing."]
    assert len(report.texts("#pages tbody tr")) == 1

    _declare_the_currency(release_1)
    resumed = run("run", NAME, "--json").json
    assert (resumed["exit_code"], resumed["done"], resumed["rows"]) == (0, 8, 24)
    assert its_shop.hits()["pages"] == {"6": 1, "8": 1}

    refreshed = run("run", NAME, "--refresh", "--json").json
    assert (refreshed["exit_code"], refreshed["done"], refreshed["rows"]) == (0, 8, 24)
    assert (refreshed["downloads"], refreshed["not_modified"]) == (0, 8)


@pytest.mark.processes
def test_what_release_1_left_is_moved_to_postgresql_and_resumed_there(
    release_1: Path, its_shop: RunningShop, database: Database, run: Run
):
    before = run("status", NAME, "--json").json
    (release_1 / "dagster_home" / SETTINGS_NAME).write_bytes(SETTINGS.read_bytes())
    moved = run("migrate", "--json").json
    assert (moved["rows"]["runs"], moved["moved_now"]) == (2, True)
    assert run("status", NAME, "--json").json == before

    _declare_the_currency(release_1)
    resumed = run("run", NAME, "--json").json
    assert (resumed["exit_code"], resumed["done"], resumed["rows"]) == (0, 8, 24)
    assert its_shop.hits()["pages"] == {"6": 1, "8": 1}


@pytest.mark.processes
def test_a_sign_that_release_1_took_for_dollars_asks_for_its_currency_and_costs_no_row(
    release_1: Path, its_shop: RunningShop, run: Run
):
    answer = run("run", NAME)
    assert answer.code == 1
    assert "the sign $ stands for several currencies; declare `currency`" in answer.out
    assert "15 rows in" in answer.out


def _declare_the_currency(release_1: Path) -> None:
    """Say which dollars the shop's are, which release 1 took to be those of the United States."""
    file = release_1 / "catalogues" / NAME / "defs.yaml"
    text = file.read_text(encoding="utf-8")
    declared = text.replace("type: money", "type: money\n      currency: USD")
    file.write_text(declared, encoding="utf-8")


def test_pages_of_release_1_are_due_when_its_shop_has_moved(release_1: Path, run: Run):
    yaml_file = release_1 / "catalogues" / NAME / "defs.yaml"
    text = yaml_file.read_text(encoding="utf-8")
    yaml_file.write_text(text.replace(f":{PORT}", f":{PORT + 1}"), encoding="utf-8")
    (moved,) = run("status", NAME, "--json").json
    assert moved["moved_pages"] == "1-5"
