"""An answer whose head has come, and whose body is still to be read.

What it means belongs in `catalog_pipeline.fetching.responses`, how a body is read whole in
`catalog_pipeline.fetching.bodies`.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable

from urllib3 import HTTPHeaderDict

from catalog_pipeline.fetching.bounded_response import BoundedResponse

_FOLD = re.compile(r"(?<![ \t])[ \t]*\r?\n[ \t]+")
"""Where a header goes on in the next line (RFC 9112, section 5.2)."""


class Answer:
    """The answer to one request. `let_go` is told once whether its connection can serve again."""

    def __init__(self, response: BoundedResponse, let_go: Callable[[bool], None]) -> None:
        self.status = response.status
        self.message: http.client.HTTPMessage = response.msg
        self.headers = HTTPHeaderDict(_unfolded(response.msg))
        self._response = response
        self._let_go: Callable[[bool], None] | None = let_go

    def read(self, max_bytes: int) -> bytes:
        """The next bytes of the body as it is sent; none after the last one.

        Raises:
            http.client.HTTPException, ValueError: its framing is damaged.
            BrokenExchange: the connection broke, or took too long.
        """
        return self._response.read(max_bytes)

    @property
    def is_cut_short(self) -> bool:
        """Whether the connection ended before the last chunk."""
        return bool(self._response.chunked) and self._response.met_end

    def close(self) -> None:
        """Let go of the connection, which is of no more use unless the body was read to its end."""
        if self._let_go is not None:
            let_go, self._let_go = self._let_go, None
            is_at_end = self._response.isclosed()
            self._response.close()
            let_go(is_at_end and not self._response.will_close)


def _unfolded(message: http.client.HTTPMessage) -> list[tuple[str, str]]:
    """The headers, each on one line, in the message too."""
    headers = message.items()
    if not any("\n" in value for _, value in headers):
        return headers
    for name, _ in headers:
        del message[name]
    for name, value in headers:
        message[name] = _FOLD.sub(" ", value)
    return message.items()
