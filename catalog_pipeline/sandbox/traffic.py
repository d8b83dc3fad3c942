"""The shop's own count of what was asked of it, the judge in tests of "nothing twice".

Belongs here: the counters, the log of requests, and the ASGI middleware that fills the log.
Does not belong here: how the figures are shown (see control).
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog_pipeline.showing import as_line

LOG_LENGTH = 100_000
NO_ANSWER_YET = 0
INTERNAL_PREFIX = "/__"


class Traffic:
    """Downloads per page, answers of 304 per page, login attempts, and the log of requests.

    A listing page counts when the shop's latency is over, whether or not its client still waits,
    and whatever comes of it: a faulty answer is a download, a 304 is counted apart. Listings by
    category are only in the log, which has each request from its arrival on.
    """

    def __init__(self) -> None:
        # Wall time that never steps back, so that rates can be measured from the log.
        self._epoch = time.time() - time.monotonic()
        self.pages: Counter[int] = Counter()
        self.not_modified: Counter[int] = Counter()
        self.logins: Counter[str] = Counter()
        self.refused_logins: Counter[str] = Counter()
        self.log: deque[list[float | str | int]] = deque(maxlen=LOG_LENGTH)

    def reset(self) -> None:
        """Forget everything counted and logged so far."""
        for counter in (self.pages, self.not_modified, self.logins, self.refused_logins, self.log):
            counter.clear()

    def begin(self, path: str) -> list[float | str | int]:
        """Log a request that has just arrived; its status is 0 until an answer begins."""
        entry: list[float | str | int] = [self._epoch + time.monotonic(), path, NO_ANSWER_YET]
        self.log.append(entry)
        return entry

    def hits(self) -> dict[str, Any]:
        """Return the counters, page numbers as text and in order."""
        return {
            "pages": _in_order(self.pages),
            "not_modified": _in_order(self.not_modified),
            "total": self.pages.total(),
            "logins": dict(self.logins),
            "refused_logins": dict(self.refused_logins),
        }


class TrafficMiddleware:
    """Logs every request but those for the shop's own figures, and adds the shop's latency."""

    def __init__(
        self,
        app: ASGIApp,
        traffic: Traffic,
        latency_ms: Callable[[], int],
        *,
        is_printed: bool = False,
    ) -> None:
        self.app = app
        self.traffic = traffic
        self.latency_ms = latency_ms
        self.is_printed = is_printed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http" or scope["path"].startswith(INTERNAL_PREFIX):
            await self.app(scope, receive, send)
            return
        entry = self.traffic.begin(_path_and_query(scope))

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry[2] = message["status"]
            await send(message)

        try:
            latency = self.latency_ms()
            if latency:
                await asyncio.sleep(latency / 1000)
            await self.app(scope, receive, send_and_note)
        finally:
            if self.is_printed:
                print(as_line(_told(entry, str(scope["method"]))), flush=True)


def _told(entry: list[float | str | int], method: str) -> str:
    when, path, status = entry
    clock = time.strftime("%H:%M:%S", time.localtime(float(when)))
    return as_line(f"{clock} {method} {path} {status or 'no answer'}")


def _path_and_query(scope: MutableMapping[str, Any]) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _in_order(counts: Counter[int]) -> dict[str, int]:
    return {str(page): counts[page] for page in sorted(counts)}
