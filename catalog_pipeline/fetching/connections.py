"""Connections that keep to an exchange's allowance of time, bytes and addresses.

The libraries' own timeouts count each read by itself, so a server that drips one byte at a time,
in headers or body, would never meet them. Here every read of the socket is given what is left of
the whole exchange's time. Choosing requests and judging answers belongs in
`catalog_pipeline.fetching.client`.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from catalog_pipeline.fetching.addresses import check_address
from catalog_pipeline.fetching.failures import BrokenExchange, system_text

Resolver: TypeAlias = "Callable[..., list[tuple[Any, ...]]]"
"""Called and answering like `socket.getaddrinfo`."""

MAX_HEADER_BYTES = 256 * 1024
_BUFFER_BYTES = 64 * 1024
_threads_allowance = threading.local()


@dataclass
class Allowance:
    """What one exchange may use up. Times are of `time.monotonic`; networks None means any."""

    deadline: float
    read_timeout_seconds: float
    max_wire_bytes: int
    networks: frozenset[str] | None
    resolver: Resolver
    bytes_left: int = MAX_HEADER_BYTES
    in_body: bool = False

    def seconds_left(self, at_most: float) -> float:
        """Time for the next operation, of `at_most` seconds; raises if there is none left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise BrokenExchange("timeout", "the whole answer took too long")
        return min(left, at_most)

    def spend(self, count: int) -> None:
        """Count bytes that came in."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            if self.in_body:
                raise BrokenExchange("too_large", f"more than {self.max_wire_bytes} bytes came in")
            raise BrokenExchange("protocol", f"the headers exceed {MAX_HEADER_BYTES} bytes")

    def start_body(self) -> None:
        """The headers are complete; from now on the body's bytes count, chunk framing included."""
        self.in_body = True
        self.bytes_left = self.max_wire_bytes + _BUFFER_BYTES


@contextmanager
def allowance_in_force(allowance: Allowance) -> Iterator[None]:
    """Connections used by this thread within the block keep to `allowance`."""
    _threads_allowance.value = allowance
    try:
        yield
    finally:
        del _threads_allowance.value


class _BoundedReader(io.RawIOBase):
    """The raw side of a connection's buffered reader, which spends the allowance."""

    def __init__(self, sock: socket.socket, raw: Any, allowance: Allowance) -> None:
        self._sock = sock
        self._raw = raw
        self._allowance = allowance
        self.met_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        allowance = self._allowance
        self._sock.settimeout(allowance.seconds_left(allowance.read_timeout_seconds))
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            allowance.seconds_left(allowance.read_timeout_seconds)
            raise BrokenExchange(
                "timeout", f"the server was silent for {allowance.read_timeout_seconds:g} s"
            ) from None
        except OSError as error:
            raise BrokenExchange("read", f"the connection broke ({system_text(error)})") from None
        if not count:
            self.met_end = True
            return 0
        allowance.spend(count)
        return int(count)

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """A response that is read through the allowance, and strict about its head."""

    def __init__(self, allowance: Allowance, sock: socket.socket, *args: Any, **options: Any):
        super().__init__(sock, *args, **options)
        self._reader = _BoundedReader(sock, self.fp.detach(), allowance)
        self._allowance = allowance
        self.fp = io.BufferedReader(self._reader, _BUFFER_BYTES)

    @property
    def met_end(self) -> bool:
        """Whether the server closed the connection while more was waited for."""
        return self._reader.met_end

    def begin(self, *args: Any, **options: Any) -> None:
        """Read the head; one that is cut off or not HTTP raises BrokenExchange."""
        try:
            super().begin(*args, **options)
        except http.client.RemoteDisconnected:
            raise BrokenExchange("read", "the server closed the connection unanswered") from None
        except http.client.HTTPException as error:
            raise BrokenExchange("protocol", _head_problem(error)) from None
        if self.met_end:
            raise BrokenExchange("read", "the connection ended within the headers")
        if self.msg.defects or self.msg.get_payload():
            raise BrokenExchange("protocol", "the headers are malformed")
        self._allowance.start_body()


def _head_problem(error: http.client.HTTPException) -> str:
    if isinstance(error, http.client.LineTooLong):
        return "a header line is too long"
    if isinstance(error, http.client.BadStatusLine):
        return "the answer is not HTTP"
    return "the headers are too many or malformed"


class _Bounded:
    """What both kinds of connection have in common."""

    def response_class(self, sock: socket.socket, *args: Any, **options: Any) -> BoundedResponse:
        return BoundedResponse(_threads_allowance.value, sock, *args, **options)

    def request(self, *args: Any, **options: Any) -> None:
        """Send; a socket kept from an earlier exchange is given this one's time."""
        allowance: Allowance = _threads_allowance.value
        sock = getattr(self, "sock", None)
        if sock is not None:
            sock.settimeout(allowance.seconds_left(allowance.read_timeout_seconds))
        super().request(*args, **options)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        return _connected(self, _threads_allowance.value)


class BoundedHTTPConnection(_Bounded, HTTPConnection):  # type: ignore[misc]
    """An unencrypted connection."""


class BoundedHTTPSConnection(_Bounded, HTTPSConnection):  # type: ignore[misc]
    """A TLS connection."""


class _BoundedHTTPPool(HTTPConnectionPool):
    ConnectionCls = BoundedHTTPConnection


class _BoundedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = BoundedHTTPSConnection


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
