"""The answer on a connection, read through the exchange's allowance and strict about its head.

The libraries' own timeouts count each read by itself, so a server that drips one byte at a time,
in headers or body, would never meet them. Here every read of the socket is given what is left of
the whole exchange's time. Connecting belongs in `catalog_pipeline.fetching.connections`.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

from catalog_pipeline.fetching.allowance import BUFFER_BYTES, Allowance
from catalog_pipeline.fetching.failures import BrokenExchange, system_text

MAX_HEADER_LINES = 199

# The standard library's 100 are fewer than some sites send.
http.client._MAXHEADERS = MAX_HEADER_LINES  # type: ignore[attr-defined]


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
        self.fp = io.BufferedReader(self._reader, BUFFER_BYTES)

    def _read_status(self) -> tuple[str, int, str]:
        """The status of the answer that counts: interim ones (RFC 9110, section 15.2) are passed.

        The standard library does so for `100 Continue` alone.
        """
        has_interim = False
        while True:
            try:
                version, status, reason = super()._read_status()  # type: ignore[misc]
            except http.client.RemoteDisconnected:
                if not has_interim:
                    raise
                raise BrokenExchange(
                    "status_unexpected", "an interim answer was not followed by one that counts"
                ) from None
            if not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, reason
            has_interim = True
            http.client.parse_headers(self.fp)

    @property
    def met_end(self) -> bool:
        """Whether the server closed the connection while more was waited for."""
        return self._reader.met_end

    def begin(self, *args: Any, **options: Any) -> None:
        """Read the head.

        Raises:
            BrokenExchange: it is cut off, or not HTTP.
        """
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
