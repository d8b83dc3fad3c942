"""Connections straight to sites, kept open from one exchange to the next.

A request goes over one of them as it stands: what requests and urllib3 do around a request costs
more than the request. Ways through a proxy belong in `catalog_pipeline.fetching.adapter`, what a
connection keeps to in `catalog_pipeline.fetching.connections`.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import weakref
from functools import cached_property, partial
from typing import TypeAlias

from requests import PreparedRequest
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError
from urllib3.util import Url
from urllib3.util.ssl_ import create_urllib3_context

from catalog_pipeline.fetching.answer import Answer
from catalog_pipeline.fetching.connections import (
    BoundedHTTPConnection,
    BoundedHTTPSConnection,
    Connection,
    exchanged,
)
from catalog_pipeline.fetching.failures import BrokenExchange, broken_by, system_text

_Origin: TypeAlias = "tuple[str | None, str | None, int | None]"

ORIGINS_KEPT = 10


class DirectConnections:
    """At most `concurrency` idle connections to each of the last few sites. Threads share it.

    `authorities` is the file or folder of the certificates that vouch for a site, if it is not the
    one that comes with requests.
    """

    def __init__(self, concurrency: int, authorities: str | None) -> None:
        self._concurrency = concurrency
        self._authorities = authorities
        self._idle: dict[_Origin, list[Connection]] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    def send(self, request: PreparedRequest, parts: Url, connect_seconds: float) -> Answer:
        """Send a request to the address of `parts`, and read the head of its answer.

        Raises:
            BrokenExchange: there is none.
        """
        origin = parts.scheme, parts.host, parts.port
        connection = self._idle_one(origin) or self._new(parts)
        try:
            connection.timeout = connect_seconds
            response = exchanged(connection, request, _target(parts))
        except BaseException as error:
            connection.close()
            if isinstance(error, (OSError, HTTPError, http.client.HTTPException)):
                raise broken_by(error) from error
            if isinstance(error, ValueError):
                raise BrokenExchange("bad_url", "the request cannot be sent as it stands") from None
            raise
        return Answer(response, partial(self._let_go, origin, connection))

    def close(self) -> None:
        """Close all connections that are not in use."""
        with self._lock:
            _close_all(self._idle)

    def _idle_one(self, origin: _Origin) -> Connection | None:
        with self._lock:
            idle = self._idle.get(origin)
            connection = idle.pop() if idle else None
        if connection is not None and not connection.is_connected:
            # The site has closed it; the connection opens again by itself.
            connection.close()
        return connection

    def _let_go(self, origin: _Origin, connection: Connection, can_serve: bool) -> None:
        forgotten: list[Connection] = [] if can_serve else [connection]
        with self._lock:
            if can_serve:
                idle = self._idle.pop(origin, [])
                (idle if len(idle) < self._concurrency else forgotten).append(connection)
                self._idle[origin] = idle
                if len(self._idle) > ORIGINS_KEPT:
                    forgotten += self._idle.pop(next(iter(self._idle)))
        _close(forgotten)

    def _new(self, parts: Url) -> Connection:
        host = (parts.host or "").removeprefix("[").removesuffix("]")
        if parts.scheme == "https":
            return BoundedHTTPSConnection(host, parts.port, ssl_context=self._tls)
        return BoundedHTTPConnection(host, parts.port)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = create_urllib3_context()
        place = self._authorities or DEFAULT_CA_BUNDLE_PATH
        try:
            if os.path.isdir(place):
                context.load_verify_locations(capath=place)
            else:
                context.load_verify_locations(cafile=place)
        except OSError as error:
            problem = f"the authorities' certificates cannot be read: {system_text(error)}"
            raise BrokenExchange("tls", problem) from None
        return context


def _target(parts: Url) -> str:
    """The address as the site is asked for it, as requests would write it."""
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _close_all(idle: dict[_Origin, list[Connection]]) -> None:
    while idle:
        _close(idle.popitem()[1])


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()
