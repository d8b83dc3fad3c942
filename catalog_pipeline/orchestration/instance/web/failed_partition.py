"""Gives the web UI's pages a script that says on a failed partition's own page why it failed.

Dagster's page of a partition has no place for a failure. A layer around Dagster's web server adds
the script to its pages and serves it. Not here: what the script does (`failed_partition.js`), who
is let in (`guard`).
"""

import re
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPT_PATH = "/catalog_pipeline/failed_partition.js"
_SCRIPT = Path(__file__).with_suffix(".js")
_END_OF_HEAD = b"</head>"
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/=_-]+)'")


class FailureTellingPages:
    """An ASGI application around another one, whose HTML pages get the script."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == SCRIPT_PATH:
            await _script()(scope, receive, send)
        else:
            await self._app(scope, receive, _PageSender(send))


class _PageSender:
    """Sends an answer on; a page is sent once it is whole, with the script in its head."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self._start)
        else:
            await self._send(message)

    async def _send_page(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        tag = _script_tag(headers.get("content-security-policy", ""))
        body = self._body.replace(_END_OF_HEAD, tag + _END_OF_HEAD, 1)
        headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _script_tag(policy: str) -> bytes:
    """The tag of the script, with the word by which the page's policy lets its scripts run."""
    nonce = _NONCE.search(policy)
    admitted = f' nonce="{nonce[1]}"' if nonce else ""
    return f'<script src="{SCRIPT_PATH}" defer{admitted}></script>'.encode()


def _script() -> FileResponse:
    # A browser asks whether it is still the same: the one of another version is never run.
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(_SCRIPT, media_type="text/javascript", headers=headers)


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return is_html and "content-encoding" not in headers
