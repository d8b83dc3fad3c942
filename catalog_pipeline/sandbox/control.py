"""The shop's back door for tests: its figures, and changes while it runs.

Belongs here: `/__hits`, `/__log`, `/__ledger`, `/__control`. The shop listens on loopback only.
Does not belong here: what the changes do (see shop, traffic and members).
"""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.faults import parse_fault
from catalog_pipeline.sandbox.members import Sessions
from catalog_pipeline.sandbox.settings import (
    require_at_least,
    require_categories,
    require_day,
    require_end,
)
from catalog_pipeline.sandbox.shop import Shop
from catalog_pipeline.sandbox.traffic import Traffic

CHANGES = (
    "faults",
    "revise",
    "latency_ms",
    "day",
    "pages",
    "end",
    "tells_size",
    "categories",
    "session_requests",
    "expire_sessions",
    "robots_txt",
    "reset_hits",
)


class ControlDesk:
    """The endpoints that show the figures and take the changes."""

    def __init__(self, shop: Shop, traffic: Traffic, sessions: Sessions) -> None:
        self.shop = shop
        self.traffic = traffic
        self.sessions = sessions

    def routes(self) -> list[Route]:
        """Return the routes of the control desk."""
        return [
            Route("/__hits", self.show_hits),
            Route("/__log", self.show_log),
            Route("/__ledger", self.show_ledger),
            Route("/__control", self.change, methods=["POST"]),
        ]

    async def show_hits(self, request: Request) -> Response:
        """Answer with the counters."""
        return JSONResponse(self.traffic.hits())

    async def show_log(self, request: Request) -> Response:
        """Answer with the log, a list of [seconds, path, status]."""
        return JSONResponse(list(self.traffic.log))

    async def show_ledger(self, request: Request) -> Response:
        """Answer with what was sold on each day, by product: price and whether it was in stock."""
        return JSONResponse(
            {
                str(day): {str(item.id): [str(item.price), item.in_stock] for item in sold}
                for day, sold in self.shop.ledger.items()
            }
        )

    async def change(self, request: Request) -> Response:
        """Apply the changes of a JSON object and answer with the new state, or with a 400."""
        # A web page cannot send this content type to another origin without being asked first.
        if request.headers.get("content-type") != "application/json":
            return JSONResponse({"error": "send application/json"}, status_code=415)
        try:
            changes = json.loads(await request.body())
            self.apply(changes)
        except (json.JSONDecodeError, UnicodeDecodeError, UsageError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse(self.state())

    def apply(self, changes: object) -> None:
        """Apply changes in the order of CHANGES.

        Raises:
            UsageError: one is wrong; those before it are made.
        """
        if not isinstance(changes, dict) or not set(changes) <= set(CHANGES):
            raise UsageError(f"send a JSON object with keys of {', '.join(CHANGES)}")
        for name in CHANGES:
            if name in changes:
                getattr(self, f"_{name}")(changes[name])

    def state(self) -> dict[str, Any]:
        """Return what can be changed, as it is now."""
        today = self.shop.today
        return {
            **({} if today is None else {"day": today.day}),
            "faults": [str(fault) for fault in self.shop.faults],
            "latency_ms": self.shop.latency_ms,
            "pages": self.shop.pages,
            "end": self.shop.end,
            "tells_size": self.shop.tells_size,
            "categories": list(self.shop.categories),
            "session_requests": self.shop.session_requests,
        }

    def _faults(self, texts: object) -> None:
        if not isinstance(texts, list):
            raise UsageError(f"faults must be a list of texts, not {texts!r}")
        self.shop.set_faults(tuple(parse_fault(str(text)) for text in texts))

    def _revise(self, pages: object) -> None:
        if not isinstance(pages, list):
            raise UsageError(f"revise must be a list of page numbers, not {pages!r}")
        for page in pages:
            self.shop.revise(page)

    def _latency_ms(self, value: object) -> None:
        self.shop.latency_ms = require_at_least("latency in ms", value, 0)

    def _day(self, value: object) -> None:
        self.shop.begin_day(require_day(value))

    def _pages(self, value: object) -> None:
        self.shop.pages = require_at_least("pages", value, 1)

    def _end(self, value: object) -> None:
        self.shop.end = require_end(value)

    def _tells_size(self, value: object) -> None:
        self.shop.tells_size = bool(value)

    def _categories(self, value: object) -> None:
        self.shop.categories = require_categories(value)

    def _session_requests(self, value: object) -> None:
        self.shop.session_requests = (
            None if value is None else require_at_least("requests of a session", value, 1)
        )

    def _expire_sessions(self, value: object) -> None:
        if value:
            self.sessions.expire_all()

    def _robots_txt(self, value: object) -> None:
        self.shop.robots_txt = None if value is None else str(value)

    def _reset_hits(self, value: object) -> None:
        if value:
            self.traffic.reset()
