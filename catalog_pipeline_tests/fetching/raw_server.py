"""A server of raw bytes on loopback, for answers that no proper HTTP server would give.

It knows nothing of HTTP beyond where a request's head ends; what is sent is the test's business.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.retry_table import is_retried
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

Script = Callable[["Visit"], None]


class Visit:
    """One request: its head as text, and the means to answer it."""

    def __init__(self, server: RawServer, connection: socket.socket, head: str) -> None:
        self.server = server
        self.connection = connection
        self.head = head
        self.hang_up = False

    @property
    def path(self) -> str:
        """The request's target, as sent."""
        return self.head.split(" ", 2)[1]

    def header(self, name: str) -> str | None:
        """A header of the request."""
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.strip().lower() == name.lower():
                return value.strip()
        return None

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.connection.sendall(data)

    def drip(self, data: bytes, every_seconds: float = 0.02) -> None:
        """Send byte by byte until all is sent, the client is gone or the test is over."""
        for position in range(len(data)):
            self.send(data[position : position + 1])
            if self.server.stopping.wait(every_seconds):
                return

    def stay_silent(self) -> None:
        """Send nothing more until the test is over."""
        self.server.stopping.wait(PATIENCE_SECONDS)


class RawServer:
    """Answers each request by a script; counts connections, those that it has closed, too, and
    keeps the heads of requests."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self.stopping = threading.Event()
        self.heads: list[str] = []
        self.connections = 0
        self.closed = 0
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._start(self._accept)

    def close(self) -> None:
        """End all threads."""
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(PATIENCE_SECONDS)

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            stream = (
                self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            )
            with stream:
                while head := _head(stream):
                    self.heads.append(head)
                    visit = Visit(self, stream, head)
                    self._script(visit)
                    if visit.hang_up:
                        break
        self.closed += 1


def _head(stream: socket.socket) -> str:
    """The next request's head; its body, if Content-Length gives one, is read and added."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = stream.recv(65536)
        if not received:
            return ""
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    expected = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            expected = int(line.split(b":")[1])
    while len(body) < expected:
        received = stream.recv(65536)
        if not received:
            return ""
        body += received
    return (head + b"\r\n\r\n" + body).decode("latin-1")


@contextmanager
def raw_server(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """A running server that answers by `script`."""
    server = RawServer(script, tls)
    try:
        yield server
    finally:
        server.close()


def sends(data: bytes, hang_up: bool = True) -> Script:
    """A script that sends `data` and, by default, closes the connection."""

    def script(visit: Visit) -> None:
        visit.send(data)
        visit.hang_up = hang_up

    return script


def drips(part: bytes) -> Script:
    """A script that sends `part` byte by byte."""
    return lambda visit: visit.drip(part)


def falls_silent_after(part: bytes) -> Script:
    """A script that sends `part` and then nothing more."""

    def script(visit: Visit) -> None:
        visit.send(part)
        visit.stay_silent()

    return script


def page(body: bytes = b"<html></html>", *headers: str, status: str = "200 OK") -> bytes:
    """A proper answer with a Content-Length; `headers` are whole lines."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html", *headers]
    if not any(line.lower().startswith("content-length") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def catalogue_at(base_url: str, **attributes: Any) -> Catalogue:
    """A catalogue of that site, with timeouts that no test reaches unless told otherwise."""
    patience = {
        "connect_timeout_seconds": PATIENCE_SECONDS,
        "read_timeout_seconds": PATIENCE_SECONDS,
        "request_timeout_seconds": PATIENCE_SECONDS,
        **attributes.pop("politeness", {}),
    }
    return Catalogue.model_validate(
        {
            "name": "shop",
            "base_url": base_url,
            "page_url": "/p?page={page}",
            "last_page": 5,
            "product": "li",
            "fields": {"title": {"type": "text", "select": "a"}},
            "key": "title",
            "politeness": patience,
            **attributes,
        }
    )


def failure_at(script: Script, **attributes: Any) -> FetchError:
    """The error that page 4 of a catalogue of such a server ends in."""
    with raw_server(script) as server:
        exchange = Exchange(catalogue_at(server.url, **attributes))
        with pytest.raises(FetchError) as caught:
            exchange.get(f"{server.url}/p", page=PageKey(4))
        exchange.close()
    assert caught.value.page == PageKey(4)
    assert caught.value.url == f"{server.url}/p"
    is_retried(caught.value.kind)
    return caught.value
