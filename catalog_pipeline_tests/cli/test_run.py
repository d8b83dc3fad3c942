"""`catalog-pipeline run` from its arguments to exit code, downloads and table."""

import json
import os
import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import DagsterInstance, DagsterRunStatus

from catalog_pipeline.catalogue.files import base_url_variable
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline_tests.command import Answer, running
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes


def test_a_run_gets_every_page_once_and_the_next_one_downloads_nothing(site: Site, run: Run):
    first = run("run", NAME, "--json")
    assert (first.code, first.json["done"], first.json["rows"]) == (0, 12, 240)
    assert site.downloads() == dict.fromkeys(range(1, 13), 1)

    second = run("run", NAME, "--json")
    assert (second.code, second.json["downloads"], second.json["run_id"]) == (0, 0, None)
    assert site.downloads() == dict.fromkeys(range(1, 13), 1)


def test_scattered_pages_are_one_run(site: Site, run: Run, instance: DagsterInstance):
    site.write(last_page=20)
    answer = run("run", NAME, "--pages", "7,9,12-15", "--json")
    assert (answer.code, answer.json["selected"], answer.json["done"]) == (0, 6, 6)
    assert list(site.downloads()) == [7, 9, 12, 13, 14, 15]
    crawls = [r for r in instance.get_runs() if r.run_id == answer.json["run_id"]]
    assert len(crawls) == 1
    assert len(instance.get_runs()) == 2, "one crawl and one build of the table"

    rest = run("run", NAME, "--json")
    assert (rest.json["downloads"], rest.json["done"]) == (14, 20)
    assert set(site.downloads().values()) == {1}


def test_a_refresh_counts_what_the_server_calls_unchanged(site: Site, run: Run):
    run("run", NAME)
    site.shop.control(revise=[3, 4])
    answer = run("run", NAME, "--refresh", "--json")
    assert (answer.code, answer.json["downloads"], answer.json["not_modified"]) == (0, 2, 10)


def test_the_summary_names_the_unchanged_pages(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    assert "0 downloads, 2 unchanged (304)" in run("run", NAME, "--refresh").out


def test_only_what_is_older_than_an_age_is_downloaded_again(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    assert run("run", NAME, "--stale-after", "1h", "--json").json["run_id"] is None
    again = run("run", NAME, "--stale-after", "0s", "--json").json
    assert again["downloads"] + again["not_modified"] == 2


def test_a_cut_off_resumes_a_refresh_that_was_cut_short(site: Site, run: Run):
    site.write(last_page=4)
    run("run", NAME)
    began = datetime.now(timezone.utc)
    run("run", NAME, "--pages", "1-2", "--refresh")
    rest = run("run", NAME, "--cutoff", began.isoformat(), "--json").json
    assert rest["downloads"] + rest["not_modified"] == 2
    later = (began + timedelta(hours=-1)).isoformat()
    assert run("run", NAME, "--cutoff", later, "--json").json["run_id"] is None


def test_base_url_and_environment_lead_to_a_mirror(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    site.write(last_page=2, base_url="http://127.0.0.1:9", mirrors=[site.shop.url])
    monkeypatch.setenv(base_url_variable(NAME), site.shop.url)
    assert run("run", NAME, "--pages", "1", "--json").code == 0
    monkeypatch.setenv(base_url_variable(NAME), "http://127.0.0.1:9")
    assert run("run", NAME, "--base-url", site.shop.url, "--json").code == 0
    assert site.downloads() == {1: 1, 2: 1}


def test_stored_pages_are_parsed_again_without_a_download(site: Site, run: Run):
    catalogue = site.write(last_page=3)
    run("run", NAME)
    fields = {
        name: field.model_dump(mode="json", exclude_unset=True)
        for name, field in catalogue.fields.items()
    }
    fields["shop_id"] = {"select": ".", "attribute": "id"}
    fields["upper"] = {"select": "h2.product-name", "pattern": r"^(\w+)", "group": 1}
    site.write(last_page=3, fields=fields)
    site.shop.control(reset_hits=True)

    answer = run("run", NAME, "--reparse", "--json")
    assert (answer.code, answer.json["downloads"], site.shop.log()) == (0, 0, [])
    table = pd.read_parquet(site.places.table)
    assert (table["upper"] == table["name"].str.split().str[0]).all()


def test_reparsing_needs_no_site_at_all_and_says_what_it_did(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    site.write(last_page=2, base_url="http://127.0.0.1:9", mirrors=[site.shop.url])
    answer = run("run", NAME, "--reparse")
    assert answer.code == 0
    assert "2 pages parsed again, 0 downloads" in answer.out


def test_failed_pages_are_listed_and_the_table_is_built_from_the_rest(site: Site, run: Run):
    site.shop.control(faults=["3=404", "5=empty"])
    answer = run("run", NAME)
    assert answer.code == 1
    assert "pages 10 done, 2 failed, 0 missing" in answer.out
    assert "page 3" in answer.out
    assert "the server answered 404" in answer.out
    assert "no product on the page" in answer.out
    assert "200 rows in" in answer.out
    assert f"To try what is left: catalog-pipeline run {NAME}" in answer.out
    assert sorted(pd.read_parquet(site.places.table)["page"].unique()) == [
        1, 2, 4, 6, 7, 8, 9, 10, 11, 12,
    ]  # fmt: skip


def test_what_to_type_to_go_on_repeats_address_and_pages(site: Site, run: Run):
    site.shop.control(faults=["3=404"])
    answer = run("run", NAME, "--base-url", site.shop.url, "--pages", "2-4")
    assert f"catalog-pipeline run {NAME} --pages 2-4 --base-url {site.shop.url}" in answer.out


def test_a_table_below_the_minimum_coverage_is_an_error_and_the_old_one_stays(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    before = site.places.table.read_bytes()
    site.write(last_page=12, coverage={"minimum": 0.9})
    answer = run("run", NAME, "--pages", "3", "--json")
    assert answer.code == 1
    assert "coverage.minimum is 90%" in answer.json["table_error"]
    assert site.places.table.read_bytes() == before


def test_no_page_at_all_is_a_clear_error_and_no_table(site: Site, run: Run):
    site.write(last_page=1)
    site.shop.control(faults=["1=404"])
    answer = run("run", NAME)
    assert answer.code == 1
    assert "no page is done, so there is nothing to build a table from" in answer.out
    assert not site.places.table.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--pages", "60"], "shop has no page 60; it has 1-12."),
        (["--pages", "3-1"], "runs backwards"),
        (["--pages", "one"], "is no list of pages"),
        (["--stale-after", "soon"], "'soon' is no age"),
        (["--cutoff", "yesterday"], "is no ISO 8601 time"),
        (["--cutoff", "9000-01-01T00:00Z"], "from now, and no page could be newer"),
        (["--cutoff", "2026-01-01T00:00"], "names no time zone"),
        (["--refresh", "--stale-after", "1h"], "Give one of --refresh"),
        (["--refresh", "--reparse"], "--reparse downloads nothing"),
        (["--base-url", "shop.example"], "is no address such as"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    site: Site, run: Run, arguments: list[str], sentence: str
):
    answer = run("run", NAME, *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("Error: ")
    assert answer.err.count("\n") == 1
    assert sentence in answer.err
    assert site.shop.log() == []


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"login": {"kind": "bearer", "token_env": "NOT_SET"}}, "login: it needs"),
        (
            {"login": {"kind": "basic", "username_env": "USER_OF_SHOP", "password_env": "NOT_SET"}},
            "login: it needs",
        ),
        ({"headers": {"X-Key": {"env": "NOT_SET"}}}, "headers.X-Key: it needs"),
        ({"cookies": {"key": {"env": "NOT_SET"}}}, "cookies.key: it needs"),
    ],
)
def test_a_missing_credential_is_told_before_anything_is_planned(
    site: Site,
    run: Run,
    instance: DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    attributes: dict[str, Any],
    sentence: str,
):
    monkeypatch.setenv("USER_OF_SHOP", "me")
    site.write(last_page=2, **attributes)
    answer = run("run", NAME)
    variable = "the environment variable NOT_SET, which is not set."
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"Error: Catalogue {NAME}, {sentence} {variable}\n"
    assert site.shop.log() == []
    assert instance.get_runs() == []


def test_parsing_again_needs_no_credential(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    site.write(last_page=2, headers={"X-Key": {"env": "NOT_SET"}})
    assert run("run", NAME, "--reparse").code == 0


def test_pages_that_a_web_run_plans_meanwhile_are_done_all_the_same(
    site: Site, run: Run, instance: DagsterInstance, home: Path
):
    """The run waits for the command's end; until then its pages show as in progress."""
    run("run", NAME, "--pages", "1-2")
    catalogue = site.write(last_page=12, politeness={"concurrency": 1})
    site.shop.control(latency_ms=100)
    with running("run", NAME, "--json") as process:
        wait_for(
            "page 5", lambda: PageKey(5) in read_statuses(instance, catalogue, catalogue.pages).done
        )
        web_run = create_run(instance, catalogue, 1, 12)
        with hold_sign_of_life(home, web_run.run_id):
            out, _ = process.communicate(timeout=PATIENCE_SECONDS)
            statuses = read_statuses(instance, catalogue, catalogue.pages)
            assert set(keys(1, 2, 3)) <= statuses.in_progress.keys()
    counts = json.loads(out)
    assert (counts["done"], counts["in_progress"], process.returncode) == (12, 0, 0)
    assert set(site.downloads().values()) == {1}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_pages_in_flight_finish_and_says_how_to_go_on(
    site: Site, run: Run, instance: DagsterInstance, stop: signal.Signals
):
    site.write(last_page=50)
    site.shop.control(latency_ms=500)
    with running("run", NAME, "--refresh") as process:
        wait_for("a dozen pages under way", lambda: len(site.downloads()) >= 12)
        site.shop.control(latency_ms=1500)
        os.kill(process.pid, stop)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "Stopping (asked to stop); finishing the pages in flight." in err
    assert f"Interrupted. Go on with: catalog-pipeline run {NAME} --cutoff 20" in out
    crawl = instance.get_runs(limit=1)[0]
    assert crawl.status == DagsterRunStatus.CANCELED
    begun = site.downloads()
    assert 12 <= len(begun) < 50

    site.shop.control(latency_ms=0)
    assert run(*out.split("catalog-pipeline ")[1].split()).code == 0
    assert site.downloads() == dict.fromkeys(range(1, 51), 1)


def test_a_second_ctrl_c_ends_the_command_at_once(site: Site, run: Run):
    site.shop.control(faults=["1=hang", "2=hang", "3=hang", "4=hang"])
    site.write(
        last_page=8, politeness={"read_timeout_seconds": 600, "request_timeout_seconds": 600}
    )
    with running("run", NAME) as process:
        stderr = process.stderr
        assert stderr is not None
        wait_for("pages that hang", lambda: len(site.downloads()) >= 4)
        os.kill(process.pid, signal.SIGINT)
        wait_for("the first signal's effect", lambda: "Stopping" in stderr.readline())
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    site.shop.control(faults=[])
    assert run("run", NAME).code == 0


def test_quiet_says_nothing_that_is_good_and_verbose_each_page(site: Site, run: Run):
    site.write(last_page=2)
    site.shop.control(pages=2)
    loud = run("run", NAME, "--pages", "1", "-v")
    assert "Crawling shop: 1 page is due." in loud.err
    assert "Page 1: 20 products, " in loud.err
    assert "1 download in " in loud.out
    assert run("run", NAME, "-q") == Answer(0, "", "")
    site.shop.control(faults=["2=404"])
    amiss = run("run", NAME, "--refresh", "-q")
    assert (amiss.code, amiss.err) == (1, "")
    assert "the server answered 404" in amiss.out
    site.shop.control(faults=[])
    site.write(last_page=2, checks={"price": {"maximum": 0.01}})
    warned = run("run", NAME, "--refresh", "-q")
    assert warned.code == 0
    assert "check values_of_price fails: price: 40 of 40 values break a rule" in warned.out
    assert run("run", NAME, "-q", "-v").code == 2
