"""Receivers of notices on loopback: a webhook and a mail server that keep what they were sent."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, TCPServer, ThreadingTCPServer
from threading import Event, Thread
from typing import Any, cast

from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


@dataclass
class Webhook:
    """What came; it answers `status`, or not until `go_on` is set while that is none."""

    port: int = 0
    status: int | None = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    go_on: Event = field(default_factory=Event)
    before_answer: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        """Its address as Apprise writes it, with a secret."""
        return f"json://user:a-secret-word@127.0.0.1:{self.port}/a-secret-path?rto=120&cto=5"

    @property
    def titles(self) -> list[str]:
        """The titles of what came."""
        return [body["title"] for body in self.bodies]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that runs."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hook.bodies.append(json.loads(content))
            hook.headers.append(dict(self.headers.items()))
            hook.before_answer()
            if hook.status is None:
                hook.go_on.wait(PATIENCE_SECONDS)
                return
            self.send_response(hook.status)
            if hook.status == 302:
                self.send_header("Location", f"http://127.0.0.1:{hook.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        hook.port = port
        try:
            yield hook
        finally:
            hook.go_on.set()


@dataclass
class Mailbox:
    """The mails that came."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of its mail server as Apprise writes it, with a secret."""
        where = f"user:a-secret-word@127.0.0.1:{self.port}"
        return f"mailto://{where}?mode=insecure&from=shop@shop.example&to=you@shop.example"


class _MailServer(ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that runs: as much of SMTP as a sender needs, with a login."""
    box = Mailbox()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 shop.example")
            for line in iter(self.rfile.readline, b""):
                command = line.decode().split()[0].upper()
                if command == "EHLO":
                    self._say("250-shop.example\r\n250 AUTH PLAIN")
                elif command == "AUTH":
                    box.users.append(b64decode(line.split()[-1]).split(b"\0")[1].decode())
                    self._say("235 OK")
                elif command == "DATA":
                    self._say("354 go on")
                    box.mails.append(self._mail())
                    self._say("250 OK")
                elif command == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 OK")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def _mail(self) -> EmailMessage:
            lines = iter(self.rfile.readline, b".\r\n")
            content = b"".join(line.removeprefix(b".") for line in lines)
            return cast("EmailMessage", message_from_bytes(content, policy=policy.default))

    with _served(_MailServer(("127.0.0.1", 0), Handler)) as port:
        box.port = port
        yield box


@contextmanager
def _served(server: TCPServer) -> Iterator[int]:
    """A server that runs in threads, and its port."""
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
