"""Connections that keep to an exchange's allowance of time, bytes and addresses.

Choosing requests and judging answers belongs in `catalog_pipeline.fetching.client`, reading an
answer in `catalog_pipeline.fetching.bounded_response`.
"""

from __future__ import annotations

import http.client
import socket
from contextlib import suppress
from typing import Any, TypeAlias, cast

from requests import PreparedRequest
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from catalog_pipeline.fetching.addresses import check_address
from catalog_pipeline.fetching.allowance import Allowance, allowance_of_thread
from catalog_pipeline.fetching.bounded_response import BoundedResponse
from catalog_pipeline.fetching.failures import BrokenExchange, system_text


class _Bounded:
    """What both kinds of connection have in common."""

    def response_class(self, sock: socket.socket, *args: Any, **options: Any) -> BoundedResponse:
        return BoundedResponse(allowance_of_thread(), sock, *args, **options)

    def request(self, *args: Any, **options: Any) -> None:
        """Send; a socket kept from an earlier exchange is given this one's time."""
        allowance = allowance_of_thread()
        sock = getattr(self, "sock", None)
        if sock is not None:
            sock.settimeout(allowance.seconds_left(allowance.read_timeout_seconds))
        super().request(*args, **options)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        return _connected(self, allowance_of_thread())


class BoundedHTTPConnection(_Bounded, HTTPConnection):  # type: ignore[misc]
    """An unencrypted connection."""


class BoundedHTTPSConnection(_Bounded, HTTPSConnection):  # type: ignore[misc]
    """A TLS connection."""


class _BoundedHTTPPool(HTTPConnectionPool):
    ConnectionCls = BoundedHTTPConnection


class _BoundedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = BoundedHTTPSConnection


Connection: TypeAlias = BoundedHTTPConnection | BoundedHTTPSConnection


def exchanged(connection: Connection, request: PreparedRequest, target: str) -> BoundedResponse:
    """Send a request as it stands over a connection without a proxy, and read the answer's head.

    Raises:
        BrokenExchange, OSError, http.client.HTTPException: there is no answer.
        ValueError: a header of the request cannot be carried by HTTP.
    """
    allowance = allowance_of_thread()
    if connection.sock is None:
        connection.connect()
    else:
        connection.sock.settimeout(allowance.seconds_left(allowance.read_timeout_seconds))
    # A server may answer, and close, before it has read all.
    with suppress(BrokenPipeError, ConnectionResetError):
        http.client.HTTPConnection.request(
            connection, request.method or "GET", target, request.body, request.headers
        )
    return cast(BoundedResponse, http.client.HTTPConnection.getresponse(connection))


BOUNDED_POOLS = {"http": _BoundedHTTPPool, "https": _BoundedHTTPSPool}


def _connected(connection: Any, allowance: Allowance) -> socket.socket:
    """A socket connected to the first of the host's allowed addresses that answers.

    The very address that was checked is connected to, so a name that changes its address between
    check and use gains nothing. A proxy's own address is not checked.
    """
    host = connection.host
    peer = "the proxy" if connection.proxy else "the host"
    networks = None if connection.proxy else allowance.networks
    failure = BrokenExchange("connect", f"{peer} has no address")
    for family, kind, protocol, _, address in _resolved(allowance, host, connection.port, peer):
        try:
            if networks is not None:
                check_address(address[0], networks)
            return _opened(family, kind, protocol, address, connection, allowance)
        except BrokenExchange as error:
            failure = error
        except TimeoutError:
            failure = BrokenExchange("connect", f"{peer} did not accept a connection in time")
        except OSError as error:
            failure = BrokenExchange("connect", f"no connection to {peer}: {system_text(error)}")
    raise failure


def _resolved(allowance: Allowance, host: str, port: int, peer: str) -> list[tuple[Any, ...]]:
    try:
        return allowance.resolver(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        raise BrokenExchange("connect", f"{peer}'s name was not found") from None
    except UnicodeError:
        raise BrokenExchange("bad_url", "the host name is malformed") from None


def _opened(
    family: int, kind: int, protocol: int, address: Any, connection: Any, allowance: Allowance
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(allowance.seconds_left(connection.timeout))
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
