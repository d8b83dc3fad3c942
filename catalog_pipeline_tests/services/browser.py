"""The web UI as a person uses it, in Chromium: the clicks that the browser tests share.

Elements are found by what a person reads on them. Not here: what is asserted.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 1400
HEIGHT = 900


def chromium() -> str | None:
    """The installed browser, if there is one."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_page(executable: str, *arguments: str) -> Iterator[Page]:
    """A page in a browser of its own, started with these arguments; it remembers nothing."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as which tests in containers run.
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", *arguments]
        )
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.set_default_timeout(PATIENCE_SECONDS * 1000)
            yield page
        finally:
            browser.close()


class WebUi:
    """A person at the web UI of a catalogue."""

    def __init__(self, page: Page, url: str, catalogue: str) -> None:
        self.page = page
        self._url = url
        self._asset = f"/assets/{catalogue}/product_pages"

    def open(self, path: str) -> None:
        """Go to a page of the UI."""
        self.page.goto(self._url + path)

    def launch_backfill(self, choice: str) -> None:
        """Materialize… → All, Missing, Failed or Failed and missing → Launch."""
        self.open(self._asset)
        self.page.get_by_role("button", name=re.compile("Materialize")).first.click()
        self.page.get_by_role("button", name=choice, exact=True).click()
        launch = self.page.get_by_role("button", name=re.compile("Launch"))
        launch.click()
        launch.wait_for(state="detached")

    def open_partitions(self) -> None:
        """The partitions of the pages asset, with their counts by status."""
        self.open(f"{self._asset}?view=partitions")
        self.page.get_by_text(re.compile(r"^Materialized \(\d+\)$")).wait_for()

    def partition_counts(self) -> dict[str, int]:
        """The counts above the partitions, by status."""
        labels = self.page.get_by_text(re.compile(r"^[A-Z][a-z]+ \(\d+\)$")).all_inner_texts()
        found = (re.fullmatch(r"(\w+) \((\d+)\)", label) for label in labels)
        return {match[1]: int(match[2]) for match in found if match}

    def read_logs_of(self, partition: str) -> str:
        """A partition's own page → View logs: what one sees of the log without scrolling."""
        self.open(f"{self._asset}?view=partitions&partition={partition}")
        self.page.get_by_role("button", name="View logs").click()
        log = self.page.get_by_role("dialog")
        log.get_by_text("RUN_FAILURE").wait_for()
        return log.inner_text()

    def read_reason_of(self, partition: str) -> str:
        """A partition's own page → the line below the banner of the run that failed."""
        self.open(f"{self._asset}?view=partitions&partition={partition}")
        return self.page.get_by_text(re.compile("^Reason: ")).inner_text()

    def read_failed_event_of(self, partition: str) -> str:
        """The asset's events → that of a partition, which is shown as failed."""
        self.open(f"{self._asset}?view=events")
        self.page.get_by_text(partition, exact=True).first.click()
        self.page.get_by_text("failed in run").wait_for()
        return self.page.locator("body").inner_text()

    def terminate(self, run_id: str) -> None:
        """The run's page → Terminate → confirm."""
        self.open(f"/runs/{run_id}")
        self.page.get_by_role("button", name="Terminate").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name=re.compile("Terminate")).click()
        dialog.get_by_text(re.compile("terminat")).first.wait_for()

    def reexecute(self, run_id: str) -> None:
        """The run's page → Re-execute all → Confirm, which is asked if its backfill is over."""
        self.open(f"/runs/{run_id}")
        self.page.get_by_role("button", name=re.compile("Re-execute all")).click()
        confirm = self.page.get_by_role("dialog").get_by_role("button", name="Confirm")

        def is_at_another_run() -> bool:
            # `page.url` hears of nothing while nothing is asked of the browser.
            path: str = self.page.evaluate("location.pathname")
            return "/runs/" in path and run_id not in path

        wait_for("another run, or a question", lambda: is_at_another_run() or confirm.is_visible())
        if not is_at_another_run():
            confirm.click()
        wait_for("another run", is_at_another_run)

    def screenshot(self, path: Path, *, height: int = HEIGHT) -> None:
        """A picture of the page's upper part."""
        self.page.screenshot(
            path=path, clip={"x": 0, "y": 0, "width": WIDTH, "height": height}, scale="css"
        )
