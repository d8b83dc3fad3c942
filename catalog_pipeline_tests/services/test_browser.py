"""What a person does at the web UI, in a real browser, from the first launch to all pages done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.browser import WebUi, chromium, open_page
from catalog_pipeline_tests.services.downloads import downloads, hold_half_way
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import RunningServices

pytest.importorskip("playwright", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: apt-get install chromium"),
]

NAME = "clicked"
"""Its pages are asked for by nobody but the tests: unlike the sandbox it has no schedule."""
KEPT = "kept"
"""Keeps its past, is exported, and has a check that most of its prices fail."""
PAGES = 50
ROWS = 1000
BACKFILL_SECONDS = 240.0
"""The daemon looks at backfills twice a minute."""
TWO_RED = {"Failed": 2, "Materialized": 48, "Materializing": 0, "Missing": 0}
REASONS = {"17": "the server answered 500", "40": "no product"}
"""What is seen of the pages that fail: by one click from the partition, and among the events."""
ALL_GREEN = {"Failed": 0, "Materialized": 50, "Materializing": 0, "Missing": 0}


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., RunningShop]) -> RunningShop:
    shop = open_shop(pages=PAGES)
    shop.control(faults=["17=500", "40=empty"])
    return shop


@pytest.fixture(scope="module")
def services(
    tmp_path_factory: pytest.TempPathFactory,
    shop: RunningShop,
    open_shop: Callable[..., RunningShop],
) -> Iterator[RunningServices]:
    folder = tmp_path_factory.mktemp("services")
    # A person clicks at what a user's daemon does, which leaves the page alone for longer.
    services = RunningServices(
        folder, open_shop(pages=PAGES).url, retries_runs=False, is_quick=False
    )
    services.add_catalogue(NAME, shop.url)
    services.add_catalogue(
        KEPT, open_shop(pages=2).url, last_page=2, history=True, exports=[{"to": "csv"}],
        checks={"price": {"maximum": 50}},
    )  # fmt: skip
    with services:
        yield services


@pytest.fixture(scope="module")
def web_ui(services: RunningServices) -> Iterator[WebUi]:
    executable = chromium()
    assert executable is not None
    with open_page(executable) as page:
        yield WebUi(page, services.client.url, NAME)


def wait_for_counts(web_ui: WebUi, counts: dict[str, int]) -> None:
    """Look at the partitions again and again until they show these counts."""

    def look() -> bool:
        web_ui.open_partitions()
        seen = web_ui.partition_counts()
        print(seen)
        return seen == counts

    wait_for(f"the counts {counts}", look, every=1.0)


def test_a_crawl_is_launched_terminated_re_executed_and_its_failed_pages_relaunched(
    web_ui: WebUi, services: RunningServices, shop: RunningShop
) -> None:
    client = services.client
    shop.control(latency_ms=1000)
    web_ui.launch_backfill("Missing")
    run = wait_for("the run", lambda: client.runs(NAME), BACKFILL_SECONDS)[0]["runId"]
    hold_half_way(shop)
    web_ui.terminate(run)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "CANCELED"
    done = client.statuses(NAME).done
    assert 0 < len(done) < PAGES

    shop.control(latency_ms=0)
    web_ui.reexecute(run)
    wait_for_counts(web_ui, TWO_RED)
    assert client.statuses(NAME).failed == [17, 40]
    for partition, reason in REASONS.items():
        address = f"{shop.url}/products?page={partition}"
        said = web_ui.read_reason_of(partition)
        assert said.startswith(f"Reason: page {partition} {address}: ")
        assert reason in said
        assert reason in web_ui.read_logs_of(partition)
        assert reason in web_ui.read_failed_event_of(partition)
    well = {page: count for page, count in downloads(shop).items() if page not in (17, 40)}
    assert set(well.values()) == {1}

    shop.control(faults=[], reset_hits=True)
    web_ui.launch_backfill("Failed")
    wait_for("the failed pages", lambda: len(client.statuses(NAME).done) == PAGES, BACKFILL_SECONDS)
    wait_for_counts(web_ui, ALL_GREEN)
    assert downloads(shop) == {17: 1, 40: 1}


def test_the_table_shows_rows_columns_preview_and_checks(
    web_ui: WebUi, services: RunningServices
) -> None:
    table = services.data / NAME / "products.parquet"
    wait_for("all rows", lambda: table.exists() and pq.read_metadata(table).num_rows == ROWS)
    web_ui.open(f"/assets/{NAME}/products")
    for text in ("Row count", "1,000", "price_currency", "[Show Markdown]", "parquet"):
        web_ui.page.get_by_text(text).first.wait_for()
    web_ui.page.get_by_text("[Show Markdown]").first.click()
    web_ui.page.get_by_role("dialog").get_by_role("table").wait_for()


def test_numbers_of_the_pages_are_plotted(web_ui: WebUi) -> None:
    web_ui.open(f"/assets/{NAME}/product_pages")
    web_ui.page.get_by_text("Plots").first.click()
    for number in ("attempts", "bytes", "fetch_seconds", "rows"):
        web_ui.page.get_by_text(number, exact=True).first.wait_for()
    assert web_ui.page.locator("canvas").count() >= 4


def test_schedule_and_sensor_are_shown_as_running(web_ui: WebUi) -> None:
    web_ui.open("/automation")
    for name in ("sandbox_refresh_schedule", "sandbox_table_sensor"):
        web_ui.page.get_by_text(name, exact=True).wait_for()
    web_ui.open("/locations/catalog_pipeline/schedules/sandbox_refresh_schedule")
    web_ui.page.get_by_text("At 06:00 AM UTC").first.wait_for()


def test_the_past_an_export_and_what_checks_have_seen_are_shown(
    web_ui: WebUi, services: RunningServices
) -> None:
    with services.command("run", KEPT) as command:
        said = command.communicate()
    assert command.returncode == 0, said
    page = web_ui.page
    for asset, texts in {
        "changes": ("changed_at", "changes.parquet", "returned", "preview"),
        "history": ("open_periods", "valid_from", "opened_as", "history.parquet"),
        "export_csv": ("exported_sha256", "products.csv"),
    }.items():
        web_ui.open(f"/assets/{KEPT}/{asset}")
        for text in texts:
            page.get_by_text(text).first.wait_for()
    web_ui.open(f"/assets/{KEPT}/products?view=checks&checkDetail=values_of_price")
    page.get_by_text("This is a non-blocking asset check.").wait_for()
    page.get_by_text("The values of price are what the YAML demands.").wait_for()
    page.get_by_text(re.compile(r"^price: \d+ of 40 values break a rule")).wait_for()
    for label in ("seen", "allowed", "examples"):
        page.get_by_text(label, exact=True).wait_for()
    page.get_by_text("[Show JSON]").nth(1).click()
    shown = page.get_by_role("dialog").inner_text()
    assert shown.count('"product_id"') == 20
    assert '"breaks": "maximum"' in shown
    web_ui.open(f"/assets/{KEPT}/product_pages?view=checks&checkDetail=pages_have_not_failed")
    page.get_by_text("0 pages of 2 failed").wait_for()
    for check in ("pages_have_products", "pages_repeat_no_other"):
        page.get_by_text(check, exact=True).first.wait_for()
