"""Commands where `CATALOG_PIPELINE_DATA` names a bucket; whole lives and deaths are in `crash`."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from catalog_pipeline.places import DATA_VARIABLE
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.object_server import PASSWORD, Bucket
from catalog_pipeline_tests.site import NAME, Site


@pytest.fixture
def address(bucket: Bucket, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the data of the test's home are."""
    monkeypatch.setenv(DATA_VARIABLE, bucket.address)
    return bucket.address


@pytest.mark.processes
def test_cookies_and_locks_stay_on_the_machine(
    site: Site, run: Run, address: str, bucket: Bucket, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOG_PIPELINE_MEMBER_USERNAME", "member")
    monkeypatch.setenv("CATALOG_PIPELINE_MEMBER_PASSWORD", "practice")
    site.write(like="sandbox_members")
    assert run("run", NAME).code == 0
    work = home.parent / "work" / NAME
    assert (work / "cookies.json").exists()
    assert f"data/{NAME}/products.parquet" in bucket.names
    assert not any("cookie" in name or "lock" in name for name in bucket.names)
    (work / "products.parquet").unlink()
    assert run("status", NAME).code == 0
    copied = (work / "products.parquet").stat()
    assert not stat.S_IMODE(copied.st_mode) & 0o077


@pytest.mark.processes
def test_what_a_failed_page_answered_is_shown_from_the_bucket_until_the_page_comes(
    site: Site, run: Run, address: str, bucket: Bucket
) -> None:
    site.write(last_page=4)
    site.shop.control(faults=["2=404", "3=empty"])
    assert run("run", NAME).code == 1
    kept = {f"data/{NAME}/failures/{page}.answer" for page in (2, 3)}
    assert kept <= bucket.names
    assert "404" in run("show", NAME, "--page", "2").out
    assert f"catalog-pipeline show {NAME} --page 2" in run("status", NAME, "--failed").out
    site.shop.control(faults=[])
    assert run("run", NAME).code == 0
    assert not kept & bucket.names


def test_doctor_says_where_the_data_are_and_that_one_machine_may_crawl(
    run: Run, site: Site, address: str
) -> None:
    run("init-home")
    found = run("doctor", "--json").json
    assert found["data"] == f"{address} ({DATA_VARIABLE})"
    assert found["amiss"] == []
    assert "Machines that crawl together need an instance in PostgreSQL" in found["notes"][0]


def test_doctor_says_that_a_bucket_cannot_be_used(
    run: Run, site: Site, address: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init-home")
    monkeypatch.setenv(DATA_VARIABLE, f"s3://not-{bucket.name}/data")
    answer = run("doctor")
    assert answer.code == 1
    assert f"Amiss: Cannot list s3://not-{bucket.name}/data: there is no such bucket." in answer.out
    monkeypatch.setenv(DATA_VARIABLE, f"ftp://user:{PASSWORD}@shop/data")
    refused = run("doctor")
    assert refused.code == 1
    assert "write a folder, or one of s3://BUCKET/FOLDER" in refused.out
    assert PASSWORD not in refused.out + refused.err


def test_a_catalogue_that_was_never_crawled_has_a_status_there(
    run: Run, site: Site, address: str
) -> None:
    site.write()
    answer = run("status", NAME, "--json")
    assert answer.code == 0, answer.err
    assert answer.json[0]["table"] == f"{address}/{NAME}/products.parquet"


@pytest.mark.processes
def test_a_damaged_table_is_told_by_its_address_and_built_anew(
    site: Site, run: Run, address: str, bucket: Bucket
) -> None:
    site.write(last_page=2)
    assert run("run", NAME).code == 0
    table = f"{address}/{NAME}/products.parquet"
    bucket.put(f"data/{NAME}/products.parquet", b"junk")
    told = f"the table {table} has 4 bytes"
    assert told in " ".join(run("status", NAME).out.split())
    again = run("run", NAME)
    assert (again.code, site.shop.hits()["pages"]) == (0, {"1": 1, "2": 1})
    assert f"Building the table anew out of the stored pages: {told}" in again.err


def test_a_past_that_is_not_there_or_damaged_is_told_by_its_address(
    site: Site, run: Run, address: str, bucket: Bucket, home: Path
) -> None:
    site.write(history=True)
    place = f"{address}/{NAME}/history.parquet"
    for told in (f"There is no {place} yet", f"{place} cannot be read"):
        answer = run("changes", NAME)
        said = " ".join(answer.err.split())
        assert (answer.code, told in said, str(home.parent) in said) == (1, True, False), said
        bucket.put(f"data/{NAME}/history.parquet", b"junk")


@pytest.mark.processes
def test_no_more_is_listed_than_what_a_command_has_to_know(
    site: Site, run: Run, address: str, bucket: Bucket
) -> None:
    """Of page files what is due, under the lock what is there, and at the end what is left."""
    site.write(last_page=2, history=True)
    listed = bucket.server.gate.listed
    listed.clear()
    assert run("run", NAME).code == 0
    assert (listed["pages"], listed[NAME]) == (3, 3)
    listed.clear()
    assert run("run", NAME).code == 0
    assert (listed["pages"], listed["failures"], listed[NAME]) == (1, 0, 3)
    listed.clear()
    assert run("status", NAME).code == 0
    assert listed == {NAME: 2}
