"""`catalog-pipeline list`: the catalogues, read from their YAML files alone."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import base_url_variable
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site


def test_every_catalogue_has_its_pages_address_and_schedule(site: Site, run: Run):
    answer = run("list")
    assert answer.code == 0
    assert "https://practice.scrapingcentral.com/products?page=1" in answer.out
    assert "not tried against the live site" in answer.out
    assert f"{NAME}  pages 1-12, schedule none" in answer.out


def test_of_a_schedule_it_says_what_the_yaml_does_and_that_the_web_ui_may_have_switched_it(
    run: Run,
):
    listed = run("list").out
    on, off = "on unless switched off in the web UI", "off unless switched on in the web UI"
    assert f"sandbox  pages 1-50, schedule 0 6 * * * UTC ({on})" in listed
    assert f"books_toscrape  pages 1-50, schedule 0 5 * * * UTC ({off})" in listed


def test_machines_get_json(site: Site, run: Run):
    found = {each["catalogue"]: each for each in run("list", "--json").json}
    assert found["sandbox"]["schedule"] == {"cron": "0 6 * * *", "timezone": "UTC", "enabled": True}
    assert found[NAME]["schedule"] is None
    assert found[NAME]["first_page_url"] == f"{site.shop.url}/products?page=1"
    assert "price_currency" in found[NAME]["columns"]


def test_an_address_of_the_environment_is_the_one_shown(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(base_url_variable("sandbox"), "http://mirror.example")
    answer = run("list")
    assert "http://mirror.example/products?page=1\n" in answer.out


def test_a_mistake_in_any_file_is_reported(site: Site, run: Run):
    with suppress(CatalogueError):
        site.write(key="sku")
    answer = run("list")
    assert answer.code == 2
    assert "key names 'sku', which is not declared; fields: product_id" in answer.err


@pytest.mark.processes
@pytest.mark.parametrize("changes", [{"key": "sku"}, {"product": "article["}, {"proudct": "li"}])
def test_one_file_with_a_mistake_leaves_the_others_as_they_are(
    site: Site, run: Run, changes: dict[str, str]
):
    site.write(name="good")
    with suppress(CatalogueError):
        site.write(**changes)
    text = run("list")
    assert "good  pages 1-12" in text.out
    assert f"{NAME}  cannot be used" in text.out
    listed = {each["catalogue"]: each for each in run("list", "--json").json}
    assert f"Catalogue {NAME}, " in listed[NAME]["error"]
    assert listed["good"]["pages"] == "1-12"

    assert run("run", "good", "--pages", "1").code == 0
    for command in ("run", "try"):
        broken = run(command, NAME)
        assert (broken.code, broken.out) == (2, "")
        assert f"Catalogue {NAME}, " in broken.err


@pytest.mark.processes
def test_two_files_of_one_name_leave_the_others_as_they_are(site: Site, run: Run):
    site.write(name="good", last_page=1)
    site.write(name="de/shop")
    answer = run("list")
    assert answer.code == 2
    assert f"Error: Catalogue {NAME}, name: both " in answer.err
    assert f"{NAME}  cannot be used" in answer.out
    assert run("run", "good").code == 0
    assert run("run", NAME).code == 2
    checked = run("check")
    assert checked.code == 2
    assert f"Error: Catalogue {NAME}, name: both " in checked.err


def _is_never_at_its_end(file: Path) -> None:
    file.symlink_to("/dev/zero")


def _is_waited_for(file: Path) -> None:
    os.mkfifo(file)


def _is_huge(file: Path) -> None:
    with file.open("wb") as made:
        made.truncate(3 * 2**30)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_is_never_at_its_end, "it is no file"),
        (_is_waited_for, "it is no file"),
        (_is_huge, "it has more than 4 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_leaves_the_others_as_they_are(
    site: Site, run: Run, make: Callable[[Path], None], sentence: str
):
    site.write(name="good")
    folder = site.folder / "bad"
    folder.mkdir()
    make(folder / "defs.yaml")
    answer = run("list")
    assert "good  pages 1-12" in answer.out
    assert f"not readable as YAML: {sentence}" in answer.err
