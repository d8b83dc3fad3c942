"""The serving of a practice shop in this process: what run_shop does.

Belongs here: the port, uvicorn, signals, and dying with the parent.
Does not belong here: starting a shop as another process (see server).
"""

import asyncio
import contextlib
import logging
import os
import select
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.app import create_app
from catalog_pipeline.sandbox.broken_answers import TRANSPORT_EXTENSION
from catalog_pipeline.sandbox.settings import DEFAULT_PORT, HOST, ShopSettings
from catalog_pipeline.showing import as_lines

BACKLOG = 1024
KEEP_ALIVE_SECONDS = 75
PARENT_CHECK_SECONDS = 1.0


def serve(settings: ShopSettings, port: int | None, *, exits_with_parent: bool) -> None:
    """Open the shop, print its URL on one line, and serve until a signal (see run_shop)."""
    if exits_with_parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_exit_with_parent, args=(os.getppid(),), daemon=True).start()
    listener = _listen(port)
    server = _ShopServer(_uvicorn_config(settings), ignores_sigint=exits_with_parent)
    server.config.load()
    print(as_lines(_greeting(settings, listener.getsockname()[1])), flush=True)
    # uvicorn closes the shop in good order, then passes SIGINT on.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


class _ShopServer(uvicorn.Server):
    """A server that leaves SIGINT to its parent where it has one that will end it."""

    def __init__(self, config: uvicorn.Config, *, ignores_sigint: bool) -> None:
        super().__init__(config)
        self._ignores_sigint = ignores_sigint

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop serving, unless the signal is meant for the parent."""
        if not (self._ignores_sigint and sig == signal.SIGINT):
            super().handle_exit(sig, frame)


# The base is chosen when uvicorn is imported, which type checkers cannot follow.
class _TransportInScope(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """HTTP as uvicorn speaks it; answers can reach their connection, to break it."""

    app: ASGIApp

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the transport to every request of this connection."""
        super().connection_made(transport)
        app = self.app

        async def app_with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[TRANSPORT_EXTENSION] = transport
            await app(scope, receive, send)

        self.app = app_with_transport


def _uvicorn_config(settings: ShopSettings) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").addFilter(_is_no_broken_answer)
    return uvicorn.Config(
        create_app(settings),
        http=_TransportInScope,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # Connections of clients that only keep them open, or of a fault that hangs.
        timeout_graceful_shutdown=1,
    )


def _is_no_broken_answer(record: logging.LogRecord) -> bool:
    """Truncated answers, resets and cut-off hangs are on purpose here; other errors are shown."""
    message: Any = record.msg
    return "ASGI callable returned without" not in message and "Cancel " not in message


def _listen(port: int | None) -> socket.socket:
    if port is None:
        try:
            return _listen(DEFAULT_PORT)
        except UsageError:
            return _listen(0)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # Two processes may bind one port as long as neither listens: this decides the race.
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(f"practice shop: cannot listen on {HOST} port {port}: {error}") from error
    return listener


def _greeting(settings: ShopSettings, port: int) -> str:
    products = settings.pages * settings.page_size
    return (
        f"Practice shop at http://{HOST}:{port}/products "
        f"({settings.pages:,} pages, {products:,} products)"
    )


def _exit_with_parent(parent: int) -> None:
    """End this process as soon as stdin ends or another process has become its parent.

    The second check is for a pipe that a fork of the dead parent still holds open.
    """
    stdin = sys.stdin.fileno()
    while os.getppid() == parent:
        readable, _, _ = select.select([stdin], [], [], PARENT_CHECK_SECONDS)
        if readable and not os.read(stdin, 1024):
            break
    os._exit(0)
