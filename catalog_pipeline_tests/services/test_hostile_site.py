"""The web UI over a hostile site's pages, in a real browser: nothing of the site comes alive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from catalog_pipeline_tests.services.browser import WebUi, chromium, open_page
from catalog_pipeline_tests.services.hostile_site import NAME
from catalog_pipeline_tests.services.running_services import RunningServices

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Request

pytest.importorskip("playwright", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: apt-get install chromium"),
]


@dataclass
class Seen:
    """What the browser did while the pages were looked at."""

    hosts: set[str] = field(default_factory=set)
    dialogs: list[str] = field(default_factory=list)

    def note_request(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)

    def note_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def services(common_services: RunningServices) -> RunningServices:
    """Services whose catalogue has crawled names that are hostile, and pages that fail by them."""
    with common_services.command("run", NAME) as crawl:
        crawl.communicate()
    assert crawl.returncode == 1
    return common_services


def test_nothing_of_a_site_is_asked_for_or_run_by_the_web_ui(services: RunningServices) -> None:
    executable, seen = chromium(), Seen()
    assert executable is not None
    with open_page(executable) as page:
        page.on("request", seen.note_request)
        page.on("dialog", seen.note_dialog)
        web_ui = WebUi(page, services.client.url, NAME)
        web_ui.open(f"/assets/{NAME}/products")
        page.get_by_text("[Show Markdown]").first.click()
        preview = page.get_by_role("dialog").get_by_role("table")
        preview.get_by_text("elsewhere.example", exact=False).first.wait_for()
        assert preview.locator("a, img, script").count() == 0
        web_ui.open(f"/assets/{NAME}/products?view=checks&checkDetail=pages_are_complete")
        page.get_by_text("no product on the page", exact=False).first.wait_for()
        assert page.locator("img[src*=elsewhere], a[href*=elsewhere]").count() == 0
        web_ui.open(f"/assets/{NAME}/product_pages?view=events")
        page.get_by_text("etag", exact=False).first.wait_for()
        run_id = services.client.runs(NAME)[0]["runId"]
        web_ui.open(f"/runs/{run_id}")
        page.get_by_text("pages failed", exact=False).first.wait_for()
    own = urlsplit(services.client.url).netloc
    assert {host for host in seen.hosts if host} == {own}
    assert seen.dialogs == []
