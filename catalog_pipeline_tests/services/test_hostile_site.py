"""The web UI over a hostile site's pages, in a real browser: nothing of the site comes alive."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.hostile_texts import HOSTILE
from catalog_pipeline_tests.services.browser import WebUi, chromium, open_page
from catalog_pipeline_tests.services.running_services import RunningServices
from catalog_pipeline_tests.written_site import listing, written_site

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Request

pytest.importorskip("playwright", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: apt-get install chromium"),
]

NAME = "hostile"
TEXTS = [
    *(text.replace("\x00", "") for text in HOSTILE.values()),
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](javascript:alert(1))",
    "[x](javascript:alert(1))",
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


@pytest.fixture(scope="module")
def services(
    tmp_path_factory: pytest.TempPathFactory, common_shop: RunningShop
) -> Iterator[RunningServices]:
    """Services whose catalogue has crawled names that are hostile, and pages that fail by them."""
    services = RunningServices(tmp_path_factory.mktemp("services"), common_shop.url)
    shown = [html.escape(text) for text in TEXTS]
    with written_site() as site:
        site.write({1: listing(1, *shown)})
        site.write({page: listing(page, text) for page, text in enumerate(shown[::4], start=2)})
        site.bodies |= {
            path: f"<title>{text}</title>{text}"
            for path, text in zip(list(site.bodies)[1::2], shown[1::4], strict=False)
        }
        services.add_catalogue(
            NAME,
            site.url,
            page_url="/products?page={page}",
            last_page=len(site.bodies),
            product="li",
            fields={"sku": {"select": "b"}, "name": {"select": "i"}},
            key="sku",
        )
        with services:
            with services.command("run", NAME) as crawl:
                crawl.communicate()
            assert crawl.returncode == 1
            yield services


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
