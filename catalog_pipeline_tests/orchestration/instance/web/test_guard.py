"""Which requests get past the guard, told by what a server behind it receives."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from catalog_pipeline.orchestration.instance.web.guard import SiteGuard
from catalog_pipeline.orchestration.instance.web.server import listen
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

MUTATION = "/graphql?query=" + quote("mutation { wipeAssets(assetPartitionRanges: []) { x } }")
BEHIND_A_QUERY = "/graphql?query={version}&query=" + quote("mutation{x}")
QUERY = "/graphql?query=" + quote("query Version { version }")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class Guarded:
    """A server behind the guard that answers everything, and keeps what came through."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self._listening = listen("127.0.0.1", 0)
        self.port = int(self._listening.getsockname()[1])
        guard = SiteGuard(self._answer, ["shop.example"])
        config = uvicorn.Config(guard, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self._listening]}, daemon=True
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.received.append(scope["path"])
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
        else:
            await PlainTextResponse("behind the guard")(scope, receive, send)

    def ask(self, method: str, path: str, headers: dict[str, str]) -> int:
        """The status of an answer; `PORT` in headers is the server's own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.putrequest(method, path, skip_host=True)
            for name, value in {"Host": "127.0.0.1:PORT", **headers}.items():
                if value:
                    connection.putheader(name, value.replace("PORT", str(self.port)))
            connection.endheaders()
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    guarded = Guarded()
    guarded.thread.start()
    yield guarded
    guarded.server.should_exit = True
    guarded.thread.join()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/runs?query=mutation", {}),
        ("GET", QUERY, {}),
        ("GET", "/graphql", {"Accept": "text/html"}),
        ("POST", "/graphql", {}),
        ("POST", "/graphql", {"Origin": "http://127.0.0.1:PORT"}),
        ("POST", "/graphql", {"Host": "localhost:PORT", "Origin": "http://localhost:PORT"}),
        ("POST", "/graphql", {"Host": "LOCALHOST:9", "Origin": "http://localhost:9"}),
        ("POST", "/graphql", {"Host": "[::1]:PORT", "Origin": "http://[::1]:PORT"}),
        ("POST", "/graphql", {"Host": "shop.example", "Origin": "https://shop.example"}),
        ("GET", "/graphql", {**UPGRADE, "Origin": "http://127.0.0.1:PORT"}),
        ("GET", "/graphql", UPGRADE),
    ],
)
def test_the_pages_of_the_web_ui_and_programs_are_served(
    guarded: Guarded, method: str, path: str, headers: dict[str, str]
) -> None:
    guarded.received.clear()
    expected = 101 if "Upgrade" in headers else 200
    assert guarded.ask(method, path, headers) == expected
    assert len(guarded.received) == 1


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", MUTATION, {}, 405),
        ("GET", MUTATION, {"Accept": "text/html"}, 405),
        ("GET", MUTATION.replace("/graphql", "/graphql/"), {}, 405),
        ("GET", MUTATION.replace("/graphql", "/%67raphql"), {}, 405),
        ("GET", BEHIND_A_QUERY, {}, 405),
        ("GET", "/graphql?query=subscription%7Bx%7D", {}, 405),
        ("GET", "/graphql?query=query%7Ba%7D%20mutation%20M%7Bx%7D&operationName=M", {}, 405),
        ("GET", "/graphql?query=no%20query", {}, 405),
        ("GET", "/graphql?query=" + "%7Ba" * 3000, {}, 405),
        ("HEAD", MUTATION, {}, 405),
        ("POST", "/graphql", {"Origin": "http://evil.test"}, 403),
        ("POST", "/graphql", {"Origin": "http://localhost:PORT"}, 403),
        ("POST", "/graphql", {"Origin": "http://127.0.0.1:1"}, 403),
        ("POST", "/graphql", {"Origin": "http://127.0.0.1:PORT.evil.test"}, 403),
        ("POST", "/graphql", {"Origin": "null"}, 403),
        ("POST", "/graphql", {"Origin": "chrome-extension://127.0.0.1:PORT"}, 403),
        ("OPTIONS", "/graphql", {"Origin": "http://evil.test"}, 403),
        ("GET", "/", {"Origin": "http://evil.test"}, 403),
        ("POST", "/report_asset_materialization/shop", {"Origin": "http://evil.test"}, 403),
        ("GET", "/", {"Host": "evil.test:PORT"}, 403),
        ("POST", "/graphql", {"Host": "evil.test", "Origin": "http://evil.test"}, 403),
        ("GET", "/", {"Host": "127.0.0.1.evil.test"}, 403),
        ("GET", "/", {"Host": "localhost@evil.test"}, 403),
        ("GET", "/", {"Host": "127.0.0.1:PORT/evil.test"}, 403),
        ("GET", "/", {"Host": "shop.example.evil.test"}, 403),
        ("GET", "/", {"Host": "192.0.2.1"}, 403),
        ("GET", "/graphql", {**UPGRADE, "Origin": "http://evil.test"}, 403),
        ("GET", "/graphql", {**UPGRADE, "Host": "evil.test", "Origin": "http://evil.test"}, 403),
    ],
)
def test_what_other_sites_send_is_refused(
    guarded: Guarded, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    guarded.received.clear()
    assert guarded.ask(method, path, headers) == status
    assert not guarded.received


def test_a_request_that_names_no_host_is_refused(guarded: Guarded) -> None:
    guarded.received.clear()
    assert guarded.ask("GET", "/", {"Host": ""}) in (400, 403)
    assert not guarded.received
