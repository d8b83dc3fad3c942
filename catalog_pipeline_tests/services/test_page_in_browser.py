"""A stored page as `show --open` lets the browser show it: nothing of the site comes alive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog_pipeline.cli.inert_page import inert_page
from catalog_pipeline_tests.answering import Reply, Request, answering
from catalog_pipeline_tests.services.browser import chromium, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Dialog

pytest.importorskip("playwright", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: apt-get install chromium"),
]

HOSTILE = """<!DOCTYPE html><base href="{url}/">
<meta http-equiv=refresh content="0;url={url}/refreshed">
<link rel=stylesheet href="{url}/style.css"><style>@import "{url}/import.css";</style>
<h1>Kettles</h1><img src="{url}/a.png" onerror="alert(1)"><iframe src="{url}/frame"></iframe>
<script>alert(2); fetch("{url}/fetched")</script><svg onload="alert(3)"></svg>
<object data="{url}/object"></object><video autoplay src="{url}/video.mp4"></video>
<form action="{url}/sent" id=f><button autofocus onfocus="f.submit()">Go</button></form>
<div style="background: url({url}/background.png)">End</div>"""


def test_nothing_of_a_page_that_is_opened_is_asked_for_or_run(tmp_path: Path) -> None:
    executable = chromium()
    assert executable is not None
    asked: list[str] = []
    dialogs: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.path)
        return Reply(b"x")

    def note_dialog(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with answering(answer) as url, open_page(executable) as page:
        path = tmp_path / "page.html"
        path.write_bytes(inert_page(HOSTILE.format(url=url).encode(), "text/html", None, "a page"))
        page.on("dialog", note_dialog)
        page.goto(path.as_uri())
        frame = page.frame_locator("iframe").first
        frame.get_by_role("heading", name="Kettles").wait_for()
        frame.get_by_text("End").wait_for()
        page.wait_for_load_state("networkidle")
        assert (page.title(), page.url) == ("a page", path.as_uri())
    assert (asked, dialogs) == ([], [])
