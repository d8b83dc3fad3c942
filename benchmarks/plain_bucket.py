"""An object store that costs its machine next to nothing and answers late: for measurements alone.

As much of S3's interface as a crawl uses, in memory, in a process of its own. Whether a crawl is
right is asked of a real server's interface, in the tests.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from multiprocessing.connection import Connection
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

_MOST_LISTED = 1000


class _Bucket:
    """Answers one request after the other; each takes the latency."""

    def __init__(self, latency_seconds: float) -> None:
        self._latency_seconds = latency_seconds
        self._objects: dict[str, tuple[bytes, str]] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        import asyncio

        if scope["type"] != "http":
            return
        body = b"".join([part async for part in _parts(receive)])
        await asyncio.sleep(self._latency_seconds)
        status, headers, answer = self._answer(scope, body)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes]:
        method, query = scope["method"], dict(_pairs(scope["query_string"].decode()))
        name = scope["path"].lstrip("/").partition("/")[2]
        if method == "PUT":
            tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
            self._objects[name] = (body, tag)
            return 200, {"ETag": tag, "Content-Length": "0"}, b""
        if method == "POST":
            # What the library of the crawl itself has written.
            for key in ElementTree.fromstring(body).iter():  # noqa: S314
                if key.tag.endswith("Key"):
                    self._objects.pop(key.text or "", None)
            return _xml("<DeleteResult></DeleteResult>")
        if not name:
            return _xml(self._listed(query))
        found = self._objects.get(name)
        if found is None:
            headers, answer = _xml("<Error><Code>NoSuchKey</Code></Error>")[1:]
            return 404, headers, answer
        headers = {"ETag": found[1], "Content-Length": str(len(found[0])), **_modified()}
        return 200, headers, b"" if method == "HEAD" else found[0]

    def _listed(self, query: dict[str, str]) -> str:
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        names = sorted(name for name in self._objects if name.startswith(prefix) and name > after)
        if query.get("delimiter"):
            names = [name for name in names if "/" not in name[len(prefix) :]]
        told = names[:_MOST_LISTED]
        more = f"<NextContinuationToken>{escape(told[-1])}</NextContinuationToken>" if told else ""
        is_cut = len(names) > len(told)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        parts = [
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self._objects[name][0])}</Size>"
            f"<LastModified>{stamp}</LastModified><ETag>{self._objects[name][1]}</ETag></Contents>"
            for name in told
        ]
        cut = f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>{more if is_cut else ''}"
        return f"<ListBucketResult>{cut}{''.join(parts)}</ListBucketResult>"


async def _parts(receive: Any) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _pairs(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(query, keep_blank_values=True)


def _modified() -> dict[str, str]:
    return {"Last-Modified": formatdate(usegmt=True)}


def _xml(text: str) -> tuple[int, dict[str, str], bytes]:
    content = text.encode()
    return 200, {"Content-Type": "application/xml", "Content-Length": str(len(content))}, content


def _serve(latency_seconds: float, started: Connection) -> None:
    import uvicorn

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    started.send(listening.getsockname()[1])
    config = uvicorn.Config(_Bucket(latency_seconds), log_level="error", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def plain_bucket(latency_ms: float) -> Iterator[dict[str, str]]:
    """The variables by which a running store is found."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(latency_ms / 1000, theirs), daemon=True)
    process.start()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ours.recv()}",
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": "eu-central-1",
        }
    finally:
        process.terminate()
        process.join()
