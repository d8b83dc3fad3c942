"""Requests to the running practice shop, one by one."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


@dataclass(frozen=True)
class Answer:
    """What a shop answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


Ask = Callable[..., Answer]


def ask_url(
    url: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: str | None = None,
    timeout_seconds: float = PATIENCE_SECONDS,
) -> Answer:
    """Make one request on a connection of its own, follow nothing, and read all of the body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_seconds)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


@pytest.fixture
def ask(shop: RunningShop) -> Ask:
    """Ask the shop for a path."""

    def ask_path(path: str, **options: object) -> Answer:
        return ask_url(shop.url + path, **options)  # type: ignore[arg-type]

    return ask_path
