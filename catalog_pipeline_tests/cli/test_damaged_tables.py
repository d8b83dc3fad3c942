"""A table that is not the file that was built is built anew without a download, and it is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.orchestration.definitions.sensor import build_table_sensor
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes


def _another_table(path: Path) -> None:
    frame = pd.read_parquet(path)
    frame.iloc[:-1].to_parquet(path)


def _one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _folder_with_a_file(path: Path) -> None:
    _folder(path)
    (path / "mine.txt").write_text("mine")


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (Path.unlink, "is gone"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-10]), "bytes, and its build wrote"),
    "empty": (lambda path: path.write_bytes(b""), "has 0 bytes, and its build wrote"),
    "longer": (lambda path: path.write_bytes(path.read_bytes() + b"x"), "and its build wrote"),
    "longer than could be read": (
        lambda path: os.truncate(path, 1 << 40),
        "has 1,099,511,627,776 bytes, and its build wrote",
    ),
    "one bit": (_one_bit, "does not hold what its build wrote"),
    "another table": (_another_table, "and its build wrote"),
    "a folder": (_folder, "should be is a folder"),
    "a folder with a file": (_folder_with_a_file, "should be is a folder"),
    "a link": (_link, "should be is a link"),
    "a link to nothing": (_link_to_nothing, "should be is a link"),
    "a FIFO": (_fifo, "should be is a FIFO"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table_is_told_by_all_and_built_anew(
    site: Site, run: Run, instance: dg.DagsterInstance, damage: str
):
    catalogue = site.write(last_page=2)
    assert run("run", NAME).code == 0
    whole = site.places.table.read_bytes()
    downloads = site.downloads()
    harm, complaint = DAMAGES[damage]
    harm(site.places.table)

    status = run("status")
    assert status.code == 0
    assert complaint in " ".join(status.out.split())
    assert "books_toscrape" in status.out
    assert [each["table_rows"] for each in run("status", NAME, "--json").json] == [None]

    with dg.build_sensor_context(instance) as context:
        assert isinstance(build_table_sensor(catalogue)(context), dg.RunRequest)

    answer = run("run", NAME)
    assert answer.code == 0
    assert complaint in " ".join(answer.err.split())
    assert "40 rows in " in answer.out
    assert site.downloads() == downloads
    rebuilt = site.places.table
    assert not rebuilt.is_symlink()
    assert len(pd.read_parquet(rebuilt)) == 40
    assert len(rebuilt.read_bytes()) == len(whole)
    assert run("run", NAME, "--json").json["run_id"] is None


def test_what_lay_in_a_folder_in_the_tables_place_is_kept_beside(site: Site, run: Run):
    site.write(last_page=1)
    run("run", NAME)
    for number in (1, 2):
        _folder_with_a_file(site.places.table)
        assert run("run", NAME).code == 0
        kept = site.places.table.with_name(f"products.parquet.aside-{number}")
        assert (kept / "mine.txt").read_text() == "mine"


def test_the_run_of_a_build_says_why_it_was_needed(
    site: Site, run: Run, instance: dg.DagsterInstance
):
    site.write(last_page=1)
    run("run", NAME)
    _one_bit(site.places.table)
    run("run", NAME)
    latest = instance.get_runs(limit=1)[0]
    messages = [entry.message for entry in instance.all_logs(latest.run_id)]
    assert any("does not hold what its build wrote" in message for message in messages)


def test_a_sensor_that_looks_again_reads_a_table_once_until_it_is_written_to(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    from catalog_pipeline.tables import identity

    site.write(last_page=1)
    run("run", NAME)
    path = site.places.table
    monkeypatch.setattr(identity, "_SETTLED_SECONDS", -1)
    read: list[int] = []
    real = identity.hashlib.sha256

    def counted() -> object:
        read.append(1)
        return real()

    monkeypatch.setattr(identity.hashlib, "sha256", counted)
    first = identity.identify(path)
    assert identity.identify(path) == first
    assert len(read) == 1
    content = path.read_bytes()
    stat = path.stat()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert identity.identify(path) != first
