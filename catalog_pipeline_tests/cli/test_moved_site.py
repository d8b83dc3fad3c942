"""A site that moves to another address: its pages are asked for again, and that is said."""

from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes


@pytest.fixture
def other() -> Iterator[RunningShop]:
    """A second shop, at an address of its own."""
    with RunningShop(port=0) as shop:
        yield shop


def _hosts(site: Site) -> set[str]:
    urls = pq.read_table(site.places.table, columns=["source_url"])["source_url"].to_pylist()
    return {url.rpartition("/")[0] for url in urls}


def _status(run: Run) -> dict[str, object]:
    (found,) = run("status", NAME, "--json").json
    return found


def test_all_pages_are_due_at_a_new_address(site: Site, other: RunningShop, run: Run):
    site.write(last_page=3)
    run("run", NAME)
    site.write(last_page=3, base_url=other.url)
    assert _status(run)["moved_pages"] == "1-3"
    answer = run("run", NAME)
    assert (answer.code, other.hits()["pages"]) == (0, {"1": 1, "2": 1, "3": 1})
    assert f"pages 1-3 were fetched from another address ({site.shop.url}" in answer.err
    advice = f"If {site.shop.url} is the same site, name that base URL in the YAML's mirrors."
    assert advice in " ".join(answer.err.split())
    assert other.hits()["not_modified"] == {}
    assert _hosts(site) == {other.url}
    assert _status(run)["moved_pages"] == ""
    assert run("run", NAME, "--json").json["downloads"] == 0


def test_where_no_mirror_can_help_none_is_advised(site: Site, run: Run):
    site.write(last_page=1, page_url="/products?page={page}")
    run("run", NAME)
    site.write(last_page=1, page_url="/products?view=all&page={page}")
    answer = run("run", NAME)
    said = " ".join(answer.err.split())
    assert f"page 1 was fetched from another address ({site.shop.url}/products?page=1)" in said
    assert "It is due again. The YAML's page_url names other addresses than it did." in said
    assert "mirrors" not in answer.err + answer.out


def test_a_page_that_fails_at_its_new_address_is_asked_for_once_and_not_called_done(
    site: Site, other: RunningShop, run: Run
):
    site.write(last_page=3)
    run("run", NAME)
    other.control(faults=["2=404"])
    site.write(last_page=3, base_url=other.url)
    answer = run("run", NAME)
    assert answer.code == 1
    assert other.hits()["pages"] == {"1": 1, "2": 1, "3": 1}
    assert "though they are done" not in answer.out
    assert "Not in the table: pages 2, since nothing that is stored of them is of use" in answer.out
    assert (_status(run)["failed_pages"], _status(run)["left_out_pages"]) == ("2", "")
    assert "are done and not in the table" not in run("status", NAME).out


def test_a_crawl_that_gives_up_at_the_new_address_asks_no_more_of_it(
    site: Site, other: RunningShop, run: Run
):
    site.write(last_page=9, politeness={"stop_window": 3, "concurrency": 1})
    run("run", NAME)
    other.control(faults=[f"{page}=404" for page in (1, 2, 3, 4)])
    site.write(last_page=9, base_url=other.url, politeness={"stop_window": 3, "concurrency": 1})
    answer = run("run", NAME)
    assert (answer.code, "the pages not tried stay due" in answer.out) == (1, True)
    assert sum(other.hits()["pages"].values()) <= 4


def test_rows_of_two_addresses_are_never_in_one_table(site: Site, other: RunningShop, run: Run):
    site.write(last_page=3)
    run("run", NAME)
    site.write(last_page=3, base_url=other.url)
    answer = run("run", NAME, "--pages", "2", "--json")
    assert (answer.code, answer.json["left_out_pages"], answer.json["rows"]) == (1, "1,3", 20)
    assert site.shop.url in answer.json["left_out"][0]["reason"]
    assert _hosts(site) == {other.url}


def test_validators_of_one_address_are_not_sent_to_another(
    site: Site, other: RunningShop, run: Run
):
    site.write(last_page=2)
    run("run", NAME)
    site.write(last_page=2, base_url=other.url, mirrors=[site.shop.url])
    counts = run("run", NAME, "--refresh", "--json").json
    assert (counts["downloads"], counts["not_modified"]) == (2, 0)
    counts = run("run", NAME, "--refresh", "--json").json
    assert (counts["downloads"], counts["not_modified"]) == (0, 2)


def test_pages_of_a_declared_mirror_stay_done_and_in_the_table(
    site: Site, other: RunningShop, run: Run
):
    site.write(last_page=3)
    run("run", NAME)
    site.write(last_page=3, base_url=other.url)
    assert run("run", NAME, "--pages", "1", "--json").json["rows"] == 20
    site.write(last_page=3, base_url=other.url, mirrors=[site.shop.url])
    counts = run("run", NAME, "--json").json
    assert (counts["exit_code"], counts["downloads"], counts["rows"]) == (0, 0, 60)
    assert counts["left_out_pages"] == ""


def test_a_base_url_of_the_command_line_is_another_address_too(
    site: Site, other: RunningShop, run: Run
):
    site.write(last_page=2)
    run("run", NAME)
    assert run("run", NAME, "--base-url", other.url, "--json").json["downloads"] == 2
    assert run("run", NAME, "--base-url", other.url, "--json").json["downloads"] == 0
    assert run("run", NAME, "--json").json["downloads"] == 2
