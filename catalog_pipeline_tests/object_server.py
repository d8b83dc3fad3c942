"""An S3-compatible server of the tests' own, in threads of their process, that can fail on demand.

moto answers; before it a gate refuses and delays as it is told, so that a test meets on the wire
what a store does on a bad day. Not here: what is asserted.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import obstore
import requests
from obstore.store import S3Store
from werkzeug.serving import WSGIRequestHandler, make_server

from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

USER = "shop"
PASSWORD = "secret-of-the-bucket"
_numbers = count()
_STATUSES = {"AccessDenied": "403 Forbidden"}
_MEBIBYTE = 1 << 20
_LONGEST_SILENCE_SECONDS = 20.0


class _Handler(WSGIRequestHandler):
    """Keeps connections open, as real stores do, and writes no log."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        return


@dataclass
class Gate:
    """What stands before the store: requests are counted by method, refused, and delayed."""

    app: Callable[[dict[str, Any], Any], Iterable[bytes]]
    latency_seconds: float = 0.0
    refuses_all: bool = False
    refuses_every_put: int = 0
    """Every so many PUTs one is refused; 0 for none."""
    forbids: bool = False
    forbids_with: str = "AccessDenied"
    forbids_method: str | None = None
    """The only method that is forbidden."""
    says_always: bytes | None = None
    """What is said to whatever is asked, as a web page before a store does."""
    seconds_per_mebibyte: float = 0.0
    """How slow the line is, both ways."""
    keeps_silent_until: threading.Event | None = None
    asked: Counter[str] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)
    """How often what is at which address, by its last name."""
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        """Let everything through again, and count anew."""
        for each in fields(self):
            if each.default is not MISSING:
                setattr(self, each.name, each.default)
        self.asked.clear()
        self.listed.clear()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        with self._lock:
            method = environ["REQUEST_METHOD"]
            self.asked[method] += 1
            prefix = parse_qs(environ["QUERY_STRING"]).get("prefix")
            if prefix:
                self.listed[prefix[0].rstrip("/").rpartition("/")[2]] += 1
            every = self.refuses_every_put
            is_its_turn = method == "PUT" and every and self.asked["PUT"] % every == 0
            is_refused = self.refuses_all or is_its_turn
            forbids = self.forbids or method == self.forbids_method
            self.refused += bool(is_refused)
        if self.latency_seconds:
            time.sleep(self.latency_seconds)
        if self.keeps_silent_until is not None:
            self.keeps_silent_until.wait(_LONGEST_SILENCE_SECONDS)
        if self.seconds_per_mebibyte:
            time.sleep(self._seconds_of(int(environ.get("CONTENT_LENGTH") or 0)))
        if self.says_always is not None:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            length = str(len(self.says_always))
            page = [("Content-Type", "text/html"), ("Content-Length", length), ("ETag", '"1"')]
            start("200 OK", [*page, ("Last-Modified", "Fri, 27 Nov 2026 00:00:00 GMT")])
            return [] if method == "HEAD" else [self.says_always]
        if is_refused or forbids:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            code, status = (
                (self.forbids_with, _STATUSES.get(self.forbids_with, "400 Bad Request"))
                if forbids
                else ("SlowDown", "503 Service Unavailable")
            )
            body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
            headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
            start(status, headers)
            return [body]
        answer = self.app(environ, start)
        return self._slowly(answer) if self.seconds_per_mebibyte else answer

    def _slowly(self, answer: Iterable[bytes]) -> Iterator[bytes]:
        for piece in answer:
            for begin in range(0, len(piece), _MEBIBYTE):
                sent = piece[begin : begin + _MEBIBYTE]
                time.sleep(self._seconds_of(len(sent)))
                yield sent

    def _seconds_of(self, size: int) -> float:
        return size / _MEBIBYTE * self.seconds_per_mebibyte


@dataclass(frozen=True)
class Bucket:
    """A bucket of a running server, and its objects as somebody may find and harm them."""

    name: str
    server: ObjectServer

    @property
    def address(self) -> str:
        """What `CATALOG_PIPELINE_DATA` calls it."""
        return f"s3://{self.name}/data"

    @property
    def store(self) -> S3Store:
        """The whole bucket."""
        return S3Store(
            self.name,
            endpoint=self.server.url,
            access_key_id=USER,
            secret_access_key=PASSWORD,
            region="eu-central-1",
            client_options={"allow_http": True},
        )

    @property
    def names(self) -> set[str]:
        """The paths of all objects."""
        return {each["path"] for part in obstore.list(self.store) for each in part}

    def get(self, name: str) -> bytes:
        """The content of an object."""
        return bytes(obstore.get(self.store, name).bytes())

    def put(self, name: str, content: bytes) -> None:
        """Put an object there, or in the place of one."""
        obstore.put(self.store, name, content, use_multipart=False)

    def remove(self, name: str) -> None:
        """Remove an object."""
        obstore.delete(self.store, name)


@dataclass(frozen=True)
class ObjectServer:
    """A running server."""

    url: str
    gate: Gate

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which it is found."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": USER,
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_REGION": "eu-central-1",
        }

    def new_bucket(self, name: str | None = None) -> Bucket:
        """A bucket that nobody has used."""
        bucket = Bucket(name or f"shop-{next(_numbers)}", self)
        requests.put(f"{self.url}/{bucket.name}", timeout=PATIENCE_SECONDS).raise_for_status()
        return bucket


@contextmanager
def object_server() -> Iterator[ObjectServer]:
    """A server that runs within the block."""
    # Takes a second to be imported.
    from moto.server import DomainDispatcherApplication, create_backend_app

    gate = Gate(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield ObjectServer(f"http://127.0.0.1:{server.port}", gate)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
