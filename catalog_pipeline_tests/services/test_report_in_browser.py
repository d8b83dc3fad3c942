"""A report as a person opens it from the disk: the search, the plots, both schemes, a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from catalog_pipeline.report.facts import Recorded
from catalog_pipeline.showing import as_line
from catalog_pipeline_tests.hostile_texts import HOSTILE
from catalog_pipeline_tests.report import scene
from catalog_pipeline_tests.services.browser import chromium, open_page
from catalog_pipeline_tests.tables import shop

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

pytest.importorskip("playwright", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.embedded("is about a file that is made of tables, and no home"),
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: apt-get install chromium"),
]

PRICES = ["10.00", "10.00", "12.50", "9.99", "9.99"]
"""Of the kettle, day by day."""
NAMES = [
    "Steel Kettle",
    "Mug Café",
    *HOSTILE.values(),
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
]
NARROW, HIGH = 390, 844
DAY = 86_400_000

DRAWN = """([id, colour]) => {
  const found = [];
  const look = (root) => root.querySelectorAll("*").forEach((element) => {
    if (element.tagName === "CANVAS") found.push(element);
    if (element.shadowRoot) look(element.shadowRoot);
  });
  look(document.getElementById(id));
  const wanted = colour.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
  let count = 0;
  for (const canvas of found) {
    if (!canvas.width) continue;
    const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    [copy.canvas.width, copy.canvas.height] = [canvas.width, canvas.height];
    copy.drawImage(canvas, 0, 0);
    const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < pixels.length; at += 4)
      if (pixels[at + 3] === 255 && wanted.every((part, place) => pixels[at + place] === part))
        count++;
  }
  return count;
}"""
"""How many pixels of a plot have a colour."""
COLOUR = """(name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name)"""
POINTS = """() => {
  const doc = Bokeh.documents.find((doc) => doc.get_model_by_name("points"));
  const { x, y } = doc.get_model_by_name("points").data;
  return [...x].map((at, place) => [at, y[place]]);
}"""
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


class Seen:
    """What the browser did besides showing the page."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.told: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("console", lambda said: self._console(said.type, said.text))

    def _dialog(self, dialog: Dialog) -> None:
        self.told.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.told.append(f"{kind} {text}")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a shop whose products have hostile names, and whose kettle has five days."""
    folder = tmp_path_factory.mktemp("report")
    days = scene.days(folder / "shop")
    for number, price in enumerate(PRICES):
        others = [f"{place + number}.00" for place in range(1, len(NAMES))]
        days.day(number, scene.products(NAMES, [price, *others]))
    count = len(NAMES)
    recorded = Recorded(
        total=3,
        done=2,
        failed=1,
        failures=[scene.failure(name, "https://elsewhere.example/?a=1&b=%22") for name in NAMES],
        builds=scene.builds([count] * 5, name=[count] * 5, price=[count, count, 9, 9, 9]),
    )
    path = folder / "shop.html"
    path.write_bytes(scene.report_of(days, recorded))
    return path


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    executable = chromium()
    assert executable is not None
    with open_page(executable) as page:
        yield page


@pytest.fixture
def opened(browser_page: Page, report: Path) -> Iterator[Page]:
    """The page, open; whatever else the browser did than showing it fails the test."""
    page = browser_page
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto("about:blank")
    seen = Seen(page)
    page.goto(report.as_uri())
    page.locator("html[data-ready]").wait_for()
    yield page
    assert (set(seen.requests), seen.told) == ({report.as_uri()}, [])


def find(page: Page, text: str) -> None:
    page.get_by_label("Name or key").fill(text)


def at(day: int) -> int:
    return int(shop.START.timestamp() * 1000) + day * DAY + 1000


def colour(page: Page, name: str) -> str:
    found: str = page.evaluate(COLOUR, name)
    return found.strip()


def test_a_product_is_found_and_its_plot_has_each_price_it_had(opened: Page) -> None:
    find(opened, "kettle STEEL")
    assert opened.get_by_role("status").inner_text() == "1 product"
    opened.locator("#results").get_by_role("button").click()
    assert opened.locator("#product-name").inner_text() == "Steel Kettle"
    assert opened.evaluate(POINTS) == [[at(0), 10], [at(2), 12.5], [at(3), 9.99]]
    opened.get_by_text("All values of it").click()
    assert opened.locator("#product-values td.number").all_inner_texts() == [
        "9.99 GBP",
        "12.50 GBP",
        "10.00 GBP",
    ]
    assert opened.evaluate(DRAWN, ["product-plot", colour(opened, "accent")]) > 200
    link = opened.get_by_role("link", name="Open in the shop")
    assert link.get_attribute("href") == "https://shop.example/a"
    find(opened, "cafe mug")
    opened.locator("#results").get_by_role("button").click()
    assert [value for _, value in opened.evaluate(POINTS)] == [1, 2, 3, 4, 5]


def test_the_search_says_how_many_there_are(opened: Page) -> None:
    find(opened, "no such product")
    assert "No product" in opened.get_by_role("status").inner_text()
    find(opened, "a")
    shown = opened.locator("#results").get_by_role("button").count()
    assert shown == 30
    assert opened.get_by_role("status").inner_text().endswith("of which the first 30")
    find(opened, " ")
    assert opened.locator("#results").get_by_role("button").count() == 0


def test_all_of_it_is_done_by_keys(opened: Page) -> None:
    opened.keyboard.press("Tab")
    assert opened.locator(":focus").inner_text() == "To the search"
    opened.keyboard.press("Enter")
    opened.keyboard.press("Tab")
    opened.keyboard.type("kettle")
    opened.keyboard.press("ArrowDown")
    assert "Steel Kettle" in opened.locator(":focus").inner_text()
    opened.keyboard.press("ArrowUp")
    assert opened.locator(":focus").get_attribute("id") == "search"
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Enter")
    assert opened.locator(":focus").inner_text() == "Steel Kettle"


def test_a_mover_leads_to_its_plot(opened: Page) -> None:
    opened.locator("#movers").get_by_role("button", name="Mug Café", exact=True).click()
    assert opened.locator("#product-name").inner_text() == "Mug Café"
    assert len(opened.evaluate(POINTS)) == len(PRICES)


def test_every_plot_is_drawn_in_the_colours_of_the_systems_scheme(opened: Page) -> None:
    places = ["product-plot", "plot-rows", "plot-coverage", "plot-median-0", "plot-changes"]
    places.append("plot-columns")
    schemes: dict[str, Any] = {}
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        opened.locator(f"html[data-scheme={scheme}]").wait_for()
        for place in places:
            opened.locator(f"#{place}").scroll_into_view_if_needed()
            opened.wait_for_function(
                f"(given) => ({DRAWN})(given) > 100", arg=[place, colour(opened, "accent")]
            )
        paper = opened.evaluate("() => getComputedStyle(document.body).backgroundColor")
        schemes[scheme] = (colour(opened, "accent"), paper)
    assert len({accent for accent, _ in schemes.values()}) == 2
    assert schemes["light"][1] == "rgb(255, 255, 255)"
    assert schemes["dark"][1] == "rgb(20, 24, 30)"


def test_on_a_telephone_nothing_is_scrolled_sideways(opened: Page) -> None:
    opened.set_viewport_size({"width": NARROW, "height": HIGH})
    opened.reload()
    opened.locator("html[data-ready]").wait_for()
    find(opened, "elsewhere")
    for button in opened.locator("#results").get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= NARROW
    opened.locator("#results").get_by_role("button").first.click()
    for details in opened.locator("summary").all():
        details.click()
    scroll, width = opened.evaluate(WIDTHS)
    assert scroll == width == NARROW
    opened.wait_for_function(
        f"(given) => ({DRAWN})(given) > 50", arg=["product-plot", colour(opened, "accent")]
    )


def test_texts_of_the_site_stay_texts(opened: Page) -> None:
    find(opened, "b0")
    for text in NAMES[2:]:
        find(opened, as_line(text))
        opened.locator("#results").get_by_role("button").first.click()
        shown = opened.locator("#product-name").text_content()
        assert shown == as_line(text)
    assert opened.locator("main img, main iframe, main svg, main script").count() == 0
    for link in opened.locator("a[href^=http]").all():
        assert link.get_attribute("rel") == "noreferrer noopener"
