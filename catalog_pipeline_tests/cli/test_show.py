"""`show` and `try --stored`: what there is of a page, above all of one that failed."""

import webbrowser
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.places import DATA_VARIABLE
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.object_server import Bucket
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import listing, written_site

pytestmark = pytest.mark.processes


def _answers(site: Site) -> list[str]:
    folder = site.places.failures
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_answer_of_a_failed_page_is_kept_until_the_page_comes(site: Site, run: Run):
    site.write(last_page=3)
    site.shop.control(faults=["2=404", "3=empty"])
    told = run("run", NAME)
    listed = " ".join(run("status", NAME, "--failed").out.split())
    for page in (2, 3):
        for out in (" ".join(told.out.split()), listed):
            assert f"catalog-pipeline show {NAME} --page {page}; " in out
            assert f"catalog-pipeline try {NAME} --stored {page}" in out
    assert _answers(site) == ["2.answer", "3.answer"]
    headers = run("show", NAME, "--page", "2", "--headers").out
    assert headers.startswith(f"404 {site.shop.url}/products?page=2\n")
    assert "content-type: " in headers.lower()
    assert "failed answer: 404 " in run("show", NAME, "--page", "2").out
    assert "<html" in run("show", NAME, "--page", "3", "--html").out
    assert run("try", NAME, "--stored", "3").code == 1

    site.shop.control(faults=["2=410"])
    run("run", NAME)
    assert _answers(site) == ["2.answer"]
    assert run("show", NAME, "--page", "2", "--json").json[0]["status"] == 410
    site.write(last_page=1)
    run("run", NAME, "--refresh")
    assert _answers(site) == []


def test_only_a_page_is_named_to_be_looked_at_of_which_an_answer_is_kept(site: Site, run: Run):
    """None is kept of a page that never came, and of one that came and repeats another."""
    with written_site() as made:
        made.write({page: listing(7, "a name") for page in (1, 2)})
        made.write({3: "<p>nothing</p>"})
        made.describe(site, {"name": {"select": "i"}})
        for command in (("run", NAME), ("status", NAME, "--failed")):
            told = run(*command).out
            assert "exactly the products of page" in told
            assert f"catalog-pipeline show {NAME} --page 3" in told
            assert f"catalog-pipeline show {NAME} --page 2" not in told


def test_a_page_that_cannot_be_parsed_again_is_named_to_be_looked_at(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    site.write(last_page=2, product=".nowhere")
    for command in (("run", NAME, "--reparse"), ("status", NAME, "--failed")):
        told = " ".join(run(*command).out.split())
        for page in (1, 2):
            assert f"see catalog-pipeline show {NAME} --page {page}; catalog-pipeline try" in told
    assert "<html" in run("show", NAME, "--page", "1", "--html").out
    assert run("try", NAME, "--stored", "1").code == 1


def test_a_page_that_came_is_shown_and_read_again_without_a_request(
    site: Site, run: Run, tmp_path: Path
):
    site.write(last_page=1)
    run("run", NAME)
    site.shop.control(reset_hits=True)
    assert "stored page of " in run("show", NAME, "--page", "1").out
    body = run("show", NAME, "--page", "1", "--html").out
    assert body.count("product-card") >= 20
    assert "200 " in run("show", NAME, "--page", "1", "--headers").out
    products = run("try", NAME, "--stored", "1", "--json").json
    assert len(products) == 20
    assert run("try", NAME, "--file", str(site.page_file(1)), "--json").json == products
    assert site.shop.log() == []


_WORDS = pytest.mark.parametrize(
    "words", [("show", NAME, "--page", "1"), ("try", NAME, "--stored", "1")], ids=["show", "try"]
)


@_WORDS
@pytest.mark.parametrize("is_in_bucket", [False, True], ids=["folder", "bucket"])
def test_of_a_done_page_whose_file_is_damaged_or_gone_that_is_said_and_what_to_do(
    site: Site,
    run: Run,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    is_in_bucket: bool,
):
    if is_in_bucket:
        bucket: Bucket = request.getfixturevalue("bucket")
        monkeypatch.setenv(DATA_VARIABLE, bucket.address)
    site.write(last_page=1)
    assert run("run", NAME).code == 0
    file = site.page_file(1)
    folder = site.places.told(site.places.pages)
    advice = f"(in {folder}); catalog-pipeline run {NAME} downloads the page again."
    file.write_bytes(b"junk")
    damaged = run(*words)
    assert damaged.code == 1
    assert f"Error: page 1: stored file {file.name} is not whole {advice}" in damaged.err
    file.unlink()
    gone = run(*words)
    assert gone.code == 1
    assert f"Error: page 1: stored file {file.name} is missing {advice}" in gone.err
    assert run("run", NAME).code == 0
    assert run(*words).code == 0


@_WORDS
def test_of_a_page_of_which_nothing_is_stored_that_is_said(
    site: Site, run: Run, words: tuple[str, ...]
):
    answer = run(*words)
    assert answer.code == 2
    assert f"{NAME}: nothing is stored of page 1." in answer.err
    assert run("show", NAME, "--page", "99").code == 2


def test_a_page_that_fails_later_is_shown_by_its_failed_answer(site: Site, run: Run):
    site.write(last_page=1)
    run("run", NAME)
    site.shop.control(faults=["1=500"])
    run("run", NAME, "--refresh")
    failed, stored = run("show", NAME, "--page", "1", "--json").json
    assert (failed["what"], failed["status"], stored["status"]) == ("failed answer", 500, 200)


def test_a_failed_answer_that_comes_late_is_not_shown_for_a_page_that_has_come_since(
    site: Site, run: Run
):
    """A machine that stood still puts it there, and goes on when another has fetched the page."""
    site.write(last_page=1)
    site.shop.control(faults=["1=404"])
    run("run", NAME)
    late = site.places.failures / "1.answer"
    content = late.read_bytes()
    assert "failed answer: 404 " in run("show", NAME, "--page", "1").out
    site.shop.control(faults=[])
    assert run("run", NAME).code == 0
    late.write_bytes(content)
    assert "failed answer" not in run("show", NAME, "--page", "1").out
    assert run("try", NAME, "--stored", "1").code == 0


def test_a_failed_answer_is_shown_whatever_the_time_of_a_page_of_a_clock_that_was_ahead(
    site: Site, run: Run
):
    site.write(last_page=2)
    assert run("run", NAME).code == 0
    store = FolderStore(site.places.pages)
    name = str(store.newest()[PageKey(2)])
    kept = page_file.decode((site.places.pages / name).read_bytes(), page=PageKey(2), name=name)
    ahead = datetime.now(timezone.utc) + timedelta(days=2)
    store.write(replace(kept.record, fetched_at=ahead), kept.rows_json, kept.body)
    site.shop.control(faults=["2=404"])
    assert run("run", NAME, "--refresh").code == 1
    assert "404" in run("show", NAME, "--page", "2").out


def test_a_failed_answer_opens_in_the_browser_in_a_frame_without_its_scripts(
    site: Site, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    site.write(last_page=1)
    site.shop.control(faults=["1=empty"])
    run("run", NAME)
    browser, opened = tmp_path / "browser", tmp_path / "opened.html"
    browser.write_text(f"""#!/bin/sh\npython3 -c '
import shutil, sys, urllib.parse
path = urllib.parse.unquote(urllib.parse.urlsplit(sys.argv[1]).path)
shutil.copy(path, "{opened}")' "$1"\n""")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # Which browsers there are is found out once in a process.
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    assert run("show", NAME, "--page", "1", "--open").code == 0
    shown = opened.read_text()
    assert shown.index("default-src 'none'") < shown.index("<iframe sandbox srcdoc=")
    assert "<html" not in shown
    assert "&lt;html" in shown

    monkeypatch.setenv("BROWSER", "/bin/false %s")
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setattr(webbrowser, "_browsers", {})
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    refused = run("show", NAME, "--page", "1", "--open")
    assert refused.code == 2
    assert "There is no browser to open " in refused.err
