"""Home and data folder: what is no folder, or leads nowhere, is said in one sentence."""

from pathlib import Path

import pytest

from catalog_pipeline.errors import StorageError, UsageError
from catalog_pipeline.places import (
    DATA_VARIABLE,
    HOME_VARIABLE,
    catalogue_places,
    ensure_dagster_home,
)
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site


@pytest.mark.parametrize("place", ["data", f"data/{NAME}", f"data/{NAME}/pages"])
def test_a_link_to_nowhere_is_named_with_where_it_leads(tmp_path: Path, place: str):
    link = tmp_path / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "unmounted")
    environ = {HOME_VARIABLE: str(tmp_path / "dagster_home")}
    with pytest.raises(StorageError, match=rf"{link} is a link to {tmp_path}/unmounted"):
        catalogue_places(NAME, environ)
    (tmp_path / "unmounted").mkdir()
    assert catalogue_places(NAME, environ).folder == tmp_path / "data" / NAME


def test_a_home_that_is_a_link_to_nowhere_is_not_made(tmp_path: Path):
    (tmp_path / "volume").symlink_to(tmp_path / "unmounted")
    with pytest.raises(StorageError, match="is a link to"):
        ensure_dagster_home({HOME_VARIABLE: str(tmp_path / "volume" / "home")})
    assert not (tmp_path / "unmounted").exists()


def test_a_file_where_a_folder_is_needed_is_named(tmp_path: Path):
    (tmp_path / "data").write_text("")
    with pytest.raises(StorageError, match=r"data is a file, and a folder is needed"):
        catalogue_places(NAME, {HOME_VARIABLE: str(tmp_path / "dagster_home")})


@pytest.mark.parametrize("command", ["run", "status"])
def test_commands_say_it_before_anything_is_made(
    run: Run, site: Site, tmp_path: Path, command: str
):
    (tmp_path / "data").symlink_to(tmp_path / "unmounted")
    answer = run(command, NAME)
    assert answer.code == 1
    assert f"{tmp_path}/data is a link to {tmp_path}/unmounted, which is not there" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("scheme", ["s3", "gs", "az", "S3"])
def test_an_address_of_a_store_has_its_files_and_the_machine_a_folder_of_its_own(
    tmp_path: Path, scheme: str
):
    environ = {
        HOME_VARIABLE: str(tmp_path / "dagster_home"),
        DATA_VARIABLE: f"{scheme}://bucket/some/folder/",
    }
    places = catalogue_places(NAME, environ)
    assert places.folder == tmp_path / "work" / NAME
    address = f"{scheme.lower()}://bucket/some/folder/{NAME}"
    assert places.told(places.table) == places.uri(places.table) == f"{address}/products.parquet"
    assert (places.told(places.folder), places.told(places.pages)) == (address, f"{address}/pages")
    assert places.holds(places.exports / "list" / "x.csv")
    for path in (tmp_path / "elsewhere.csv", places.exports / ".." / ".." / "elsewhere.csv"):
        assert not places.holds(path)
        assert places.told(path) == str(path)


@pytest.mark.parametrize(
    "named",
    [
        "ftp://shop/data",
        "s3://",
        "s3:///",
        "s3:/bucket/data",
        "GS:bucket/data",
        "s3://key:secret@bucket",
        "https://bucket/data",
    ],
)
def test_an_address_that_is_none_of_a_store_is_refused(tmp_path: Path, named: str):
    environ = {HOME_VARIABLE: str(tmp_path / "dagster_home"), DATA_VARIABLE: named}
    with pytest.raises(UsageError, match="write a folder, or one of s3://BUCKET/FOLDER"):
        catalogue_places(NAME, environ)


@pytest.mark.parametrize(
    "named",
    [
        "s3:///bucket",
        "s3://bucket//data",
        "s3://bucket/a/../../x",
        "s3://bucket/..",
        "s3://bucket/a%20b",
        "s3://bucket/a?b",
        "s3://bucket/a#b",
    ],
)
def test_an_address_that_a_store_reads_otherwise_than_people_is_refused(tmp_path: Path, named: str):
    environ = {HOME_VARIABLE: str(tmp_path / "dagster_home"), DATA_VARIABLE: named}
    with pytest.raises(UsageError, match=r"is s3://.*neither empty nor \. nor \.\., and has none"):
        catalogue_places(NAME, environ)


def test_dots_and_spaces_in_the_names_of_folders_stay(tmp_path: Path):
    named = "s3://bucket/.hidden/a b/v1.2"
    environ = {HOME_VARIABLE: str(tmp_path / "dagster_home"), DATA_VARIABLE: named}
    assert catalogue_places(NAME, environ).address == f"{named}/{NAME}"


@pytest.mark.parametrize(
    "named",
    [
        "s3://bucket/data\n",
        " s3://bucket/data",
        "s3://bucket/data ",
        '"s3://bucket/data"',
        "'/srv/data'",
        "/srv/data\n",
        "s3://bucket/da\tta",
        "s3://bucket\nOTHER=x",
    ],
)
def test_what_a_file_of_variables_has_brought_along_makes_no_other_folder(
    tmp_path: Path, named: str
):
    environ = {HOME_VARIABLE: str(tmp_path / "dagster_home"), DATA_VARIABLE: named}
    with pytest.raises(UsageError, match=f"{DATA_VARIABLE} begins or .*: take it away"):
        catalogue_places(NAME, environ)
    with pytest.raises(UsageError, match=f"{HOME_VARIABLE} begins or .*: take it away"):
        ensure_dagster_home({HOME_VARIABLE: f"{tmp_path}/home\n"})
    assert list(tmp_path.iterdir()) == []
