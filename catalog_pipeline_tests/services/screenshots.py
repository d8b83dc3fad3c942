"""`python -m catalog_pipeline_tests.services.screenshots`: makes the pictures of the docs again.

A practice shop with two broken pages is crawled by the web UI's services in a temporary folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from catalog_pipeline.sandbox.faults import Fault
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline_tests.services.browser import WIDTH, WebUi, chromium, open_page
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import PROJECT, RunningServices

DOCS = PROJECT / "docs"
PAGES = 50
BROKEN = (17, 40)
GRID_HEIGHT = 1140
ROW_HEIGHT = 36
SHOP = ShopSettings(pages=PAGES, faults=(Fault(17, "500"), Fault(40, "empty")))


def main() -> None:
    """Crawl, then take the pictures."""
    executable = chromium()
    if executable is None:
        sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, RunningShop(SHOP, port=0) as shop:
        services = RunningServices(Path(folder), shop.url, retries_runs=False)
        with services, open_page(executable) as page:
            crawl(services)
            take(WebUi(page, services.client.url, "sandbox"))


def crawl(services: RunningServices) -> None:
    """All pages, of which two fail, and the table of the others."""
    client = services.client
    run = client.launch_run("sandbox", 1, PAGES)
    wait_for("the crawl's end", lambda: client.has_ended(run))
    assert client.statuses("sandbox").failed == list(BROKEN)
    wait_for("the table", lambda: client.table_builds("sandbox"))


def take(web_ui: WebUi) -> None:
    """Each picture shows what a person sees, without the empty parts of the window."""
    web_ui.page.set_viewport_size({"width": WIDTH, "height": GRID_HEIGHT})
    web_ui.open_partitions()
    web_ui.page.get_by_text("17", exact=True).first.click()
    web_ui.page.get_by_text("did not materialize this asset").wait_for()
    # The list from the one red page to the other.
    web_ui.page.get_by_text("17", exact=True).first.hover()
    web_ui.page.mouse.wheel(0, (BROKEN[0] - 2) * ROW_HEIGHT)
    web_ui.page.wait_for_timeout(1000)
    web_ui.screenshot(DOCS / "partitions.png", height=GRID_HEIGHT)
    web_ui.page.set_viewport_size({"width": WIDTH, "height": 560})
    web_ui.open("/assets/sandbox/product_pages?view=lineage")
    web_ui.page.get_by_text("products", exact=True).first.wait_for()
    web_ui.page.wait_for_timeout(2000)
    web_ui.page.get_by_text("Loading").first.wait_for(state="hidden")
    web_ui.screenshot(DOCS / "lineage.png", height=560)


if __name__ == "__main__":
    main()
