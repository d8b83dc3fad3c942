"""What the layer around the web server does to answers; the browser tests run its script."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Scope

from catalog_pipeline.orchestration.instance.web.failed_partition import (
    SCRIPT_PATH,
    FailureTellingPages,
)

PAGE = "<html><head><title>Dagster</title></head><body>é</body></html>"
PAGE_WITH_SCRIPT = PAGE.replace("</head>", f'<script src="{SCRIPT_PATH}" defer></script></head>')


def answer_of(app: ASGIApp, path: str = "/assets/shop/product_pages") -> tuple[Message, bytes]:
    """The start and the whole body of the answer to a GET through the layer."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nobody hangs up")

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    asyncio.run(FailureTellingPages(app)(scope, receive, send))
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])


def length_of(start: Message) -> int:
    return int(dict(start["headers"])[b"content-length"])


def test_a_page_gets_the_script_and_its_new_length() -> None:
    start, body = answer_of(HTMLResponse(PAGE))
    assert body.decode() == PAGE_WITH_SCRIPT
    assert length_of(start) == len(body)


def test_a_page_with_a_policy_for_scripts_lets_this_one_run() -> None:
    policy = "script-src 'nonce-f00d' 'strict-dynamic'"
    start, body = answer_of(HTMLResponse(PAGE, headers={"Content-Security-Policy": policy}))
    assert body.decode() == PAGE_WITH_SCRIPT.replace(" defer>", ' defer nonce="f00d">')
    assert dict(start["headers"])[b"content-security-policy"] == policy.encode()


def test_a_page_that_comes_in_parts_gets_it_too() -> None:
    parts = iter([PAGE[:20].encode(), PAGE[20:].encode()])
    start, body = answer_of(StreamingResponse(parts, media_type="text/html"))
    assert body.decode() == PAGE_WITH_SCRIPT
    assert length_of(start) == len(body)


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"a": "</head>"}),
        Response("</head>", media_type="text/javascript"),
        HTMLResponse("</head>", headers={"Content-Encoding": "gzip"}),
        HTMLResponse("no head"),
    ],
    ids=["json", "script", "compressed", "no head"],
)
def test_whatever_is_no_page_stays_as_it_is(answer: Response) -> None:
    start, body = answer_of(answer)
    assert body == answer.body
    assert length_of(start) == len(body)


def test_the_script_is_served() -> None:
    async def never(scope: Scope, receive: object, send: object) -> None:
        raise AssertionError(scope["path"])

    start, body = answer_of(never, SCRIPT_PATH)
    assert start["status"] == 200
    assert dict(start["headers"])[b"content-type"].startswith(b"text/javascript")
    assert dict(start["headers"])[b"cache-control"] == b"no-cache"
    assert b"FAILED_TO_MATERIALIZE" in body
