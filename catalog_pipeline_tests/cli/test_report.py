"""`report`: where the page goes, what it refuses to replace, and what of Dagster's is in it."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.built_days import BuiltDays
from catalog_pipeline_tests.report.read_report import ReadReport
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.tables.history.days import products
from catalog_pipeline_tests.written_site import listing, written_site

PRICE = {"select": "i", "type": "money", "currency": "EUR"}


@pytest.mark.processes
def test_what_crawls_and_builds_have_recorded_is_in_it(
    site: Site, tmp_path: Path, run: Run
) -> None:
    target = tmp_path / "shop.html"
    with written_site() as pages:
        pages.write({1: listing(1, "1.00", "2.00"), 2: listing(2, "3.00", "4.00")})
        pages.describe(site, {"price": PRICE}, history=True)
        assert run("run", NAME).code == 0
        pages.write({1: listing(1, "1.50", "2.00")})
        del pages.bodies["/products?page=2"]
        assert run("run", NAME, "--refresh").code != 0
        answer = run("report", NAME, str(target))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{target}: 1.3 MB; open {target.as_uri()}\n"
    report = ReadReport(target.read_bytes())
    assert [value for _, value in report.course("price", "1-1")] == [1.0, 1.5]
    assert report.texts("#movers button") == ["1-1"]
    newest, oldest = report.texts("#time tbody tr")
    assert newest.split()[2:] == ["4", "100", "%", "1", "2.5"]
    assert oldest.split()[2:] == ["4", "100", "%", "0", "2.5"]
    columns = report.texts("#columns tbody th")
    assert "price" in columns
    assert "fetched_at" not in columns
    assert report.texts("#pages p") == ["2 pages: 1 done, 1 failed."]
    (failed,) = report.texts("#pages tbody tr")
    assert failed.startswith("2 ")
    assert "404" in failed


def test_without_a_file_it_is_beside_the_table(site: Site, run: Run) -> None:
    answer = run("report", NAME)
    assert answer.code == 0
    assert "keeps no history" in answer.out
    assert "There is no table" in answer.out
    report = ReadReport(site.places.report.read_bytes())
    assert report.texts("h1") == [NAME]
    assert "No build of the table is recorded yet." in report.texts("#time p")


@pytest.mark.processes
def test_a_table_that_was_refused_is_told_before_all_else(site: Site, run: Run) -> None:
    site.write(last_page=1, history=True)
    assert run("run", NAME).code == 0
    checks = {"price": {"maximum": 0.01}, "on_failure": "keep_old_table"}
    site.write(last_page=1, history=True, checks=checks)
    assert run("run", NAME, "--refresh").code == 1
    assert run("report", NAME).code == 0
    report = ReadReport(site.places.report.read_bytes())
    first = report.texts(".note")[0]
    assert first.startswith("The table is not of today: pages have landed since it was built.")


def test_the_checks_that_the_table_fails_are_told(
    site: Site, instance: dg.DagsterInstance, run: Run
) -> None:
    days = BuiltDays(site, instance, checks={"price": {"maximum": 10}})
    days.day(1, products(kettle="24.90", mug="5"), products())
    told = "check values_of_price fails: price: 1 of 2 values breaks a rule (maximum: 1)"
    assert f"{NAME}: {told}; 50%, and 0% may.\n" in run("status", NAME).out
    assert run("status", NAME, "--json").json[0]["failed_checks"][0].startswith(told)
    assert run("report", NAME).code == 0
    notes = ReadReport(site.places.report.read_bytes()).texts(".note")
    assert notes[0].startswith(f"Of the last build: {told}")
    days.day(2, products(kettle="9.90", mug="5"), products())
    assert "check" not in run("status", NAME).out


def test_what_is_no_page_is_not_replaced(site: Site, tmp_path: Path, run: Run) -> None:
    site.places.folder.mkdir(parents=True)
    site.places.table.write_bytes(b"a table")
    for name, told in {
        str(site.places.table): "let it end in .html",
        str(tmp_path / "no" / "a.html"): "There is no folder",
        str(tmp_path / "folder.html"): "is a folder",
    }.items():
        (tmp_path / "folder.html").mkdir(exist_ok=True)
        answer = run("report", NAME, name)
        assert answer.code == 2
        assert told in answer.err
    assert site.places.table.read_bytes() == b"a table"


def test_a_page_is_not_put_among_stored_ones(site: Site, run: Run) -> None:
    site.places.failures.mkdir(parents=True)
    answer = run("report", NAME, str(site.places.failures / "1.html"))
    assert answer.code == 2
    assert "keeps files of its own" in answer.err


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    site: Site, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "shop.html"
    target.write_text("old")
    (tmp_path / "link.html").symlink_to(target)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "rename", fail)
        answer = run("report", NAME, str(target))
    assert answer.code == 1
    assert "No space left on device" in answer.err
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.glob("*.html*")) == ["link.html", "shop.html"]
    assert run("report", NAME, str(tmp_path / "link.html")).code == 0
    assert (tmp_path / "link.html").is_symlink()
    assert target.stat().st_size > 1_000_000


def test_what_is_behind_a_login_is_for_its_owner(site: Site, run: Run) -> None:
    site.write(like="sandbox_members")
    assert run("report", NAME).code == 0
    assert site.places.report.stat().st_mode & 0o077 == 0


def test_it_is_opened_where_there_is_a_browser(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_it(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_it)
    assert run("report", NAME, "--open").code == 0
    assert opened == [site.places.report.as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    assert "There is no browser" in run("report", NAME, "--open").err
