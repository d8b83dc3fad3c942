"""What a fault looks like on the wire: ASGI answers that are wrong in one exact way.

Belongs here: answers that no well-behaved framework would give.
Does not belong here: when a fault strikes (see shop) and its text form (see faults).
"""

import asyncio
import random
import re
import socket
import struct
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from catalog_pipeline.sandbox import markup
from catalog_pipeline.sandbox.faults import STATUS_KINDS, Fault
from catalog_pipeline.sandbox.poison import POISON, Poisonous

TRANSPORT_EXTENSION = "practice_shop.transport"
# An address of a range that is reserved for documentation: nobody answers there.
OTHER_HOST = "http://198.51.100.1"
GARBAGE_BYTES = 4096
BLOCK_TEXT = "Are you human? There was unusual traffic from where you are."
DRIP_SECONDS = 0.2


@dataclass(frozen=True)
class WholePage:
    """The page as it would be without the fault, its variant without one price, the one before."""

    body: bytes
    body_without_price: bytes
    body_before: bytes
    path_and_query: str
    path: str


def broken_answer(fault: Fault, page: WholePage) -> ASGIApp:
    """Return the answer that shows `fault` in place of `page`."""
    if fault.kind in STATUS_KINDS:
        return _status(fault)
    if fault.kind in POISON:
        return _poisonous(POISON[fault.kind](page.body))
    answers: dict[str, ASGIApp] = {
        "reset": reset_connection,
        "hang": hang,
        "slow": DrippingAnswer(page.body, fault.seconds or 0),
        "truncated": TruncatedAnswer(page.body),
        "empty": HTMLResponse(markup.listing_page((), fault.page)),
        "no-price": HTMLResponse(page.body_without_price),
        "call-for-price": HTMLResponse(_without_amount(page.body)),
        "garbage": HTMLResponse(garbage(fault.page)),
        "wrong-type": JSONResponse({"products": []}),
        "redirect": RedirectResponse(OTHER_HOST + page.path_and_query, status_code=302),
        "to-first": RedirectResponse(f"{page.path}?page=1", status_code=302),
        "repeat": HTMLResponse(page.body_before),
        "block": HTMLResponse(markup.message_page("One moment", BLOCK_TEXT)),
    }
    return answers[fault.kind]


def _without_amount(body: bytes) -> bytes:
    """Return the page with words in place of its first price."""
    return re.sub(rb'(<span class="price">)[^<]*', rb"\1Call for price", body, count=1)


def garbage(page: int) -> bytes:
    """Return bytes that are no text, the same for the same page."""
    return random.Random(page).randbytes(GARBAGE_BYTES)  # noqa: S311 - wanted to be foreseen


async def hang(scope: Scope, receive: Receive, send: Send) -> None:
    """Take the request and say nothing until the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def reset_connection(scope: Scope, receive: Receive, send: Send) -> None:
    """Drop the connection so that the client sees a TCP reset."""
    transport: asyncio.Transport = scope["extensions"][TRANSPORT_EXTENSION]
    linger_for_no_time = struct.pack("ii", 1, 0)
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time)
    transport.abort()


@dataclass(frozen=True)
class TruncatedAnswer:
    """Announces the whole body, sends half of it, and closes the connection."""

    body: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        await _send_head(send, len(self.body))
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


@dataclass(frozen=True)
class DrippingAnswer:
    """Sends the right body in small pieces over `seconds`."""

    body: bytes
    seconds: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, until the client goes away."""
        await _send_head(send, len(self.body))
        pieces = max(1, round(self.seconds / DRIP_SECONDS))
        size = -(-len(self.body) // pieces)
        for start in range(0, len(self.body), size):
            piece = self.body[start : start + size]
            is_last = start + size >= len(self.body)
            await send({"type": "http.response.body", "body": piece, "more_body": not is_last})
            if not is_last:
                await asyncio.sleep(DRIP_SECONDS)


def _status(fault: Fault) -> Response:
    status = HTTPStatus(int(fault.kind))
    headers = {} if fault.seconds is None else {"Retry-After": str(fault.seconds)}
    text = f"The practice shop answers {status.value} for page {fault.page}, as it was asked to."
    return HTMLResponse(markup.message_page(status.phrase, text), status.value, headers)


def _poisonous(answer: Poisonous) -> Response:
    headers = {"content-type": answer.content_type, **answer.headers}
    return Response(answer.body, answer.status, headers)


async def _send_head(send: Send, length: int) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(length).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
