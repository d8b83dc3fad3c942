"""Texts of failed exchanges: what may be said of one, and which kind of failure it is.

A server can send our own secrets back, so no text of the server, and no text of an exception that
may quote it or a proxy's URL, goes into a message: only our words and the operating system's.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.records import FailedAnswer
from catalog_pipeline.showing import shortened

_MAX_SHOWN_CHARACTERS = 200


class BrokenExchange(Exception):
    """An exchange came to nothing; `kind` is a row of the retry table, `problem` safe to show.

    Deliberately neither an OSError nor an HTTP library's error, so that it passes through the
    libraries' own handling unchanged.
    """

    def __init__(self, kind: str, problem: str) -> None:
        super().__init__(problem)
        self.kind = kind
        self.problem = problem
        self.answer: FailedAnswer | None = None
        """What there was of an answer that could not be used."""

    def as_error(self, url: str, page: PageKey | None) -> FetchError:
        """The failure of the page at that address."""
        error = FetchError(self.problem, kind=self.kind, url=safe_url(url), page=page)
        error.answer = self.answer
        return error


def safe_url(url: str) -> str:
    """`url` without credentials and fragment, and cut to a line or two, to be shown."""
    try:
        parts = parse_url(url)
    except LocationParseError:
        return "(an unreadable URL)"
    return shortened(parts._replace(auth=None, fragment=None).url, _MAX_SHOWN_CHARACTERS)


def system_text(error: OSError) -> str:
    """The operating system's words for `error`, nothing of the server's."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return "timed out"
    return os.strerror(error.errno) if error.errno and error.errno > 0 else type(error).__name__


def broken_by(error: Exception) -> BrokenExchange:
    """What an error of the HTTP libraries means."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, BrokenExchange):
            return cause
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return BrokenExchange("tls", f"the certificate is refused: {cause.verify_message}")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return BrokenExchange("tls", f"TLS failed: {_tls_reason(causes)}")
    if isinstance(error, requests.exceptions.ProxyError):
        return BrokenExchange("proxy", "the proxy refused the request or cannot be reached")
    if isinstance(error, requests.exceptions.SSLError):
        return BrokenExchange("tls", "TLS failed")
    if isinstance(error, requests.exceptions.Timeout) or any(
        isinstance(cause, TimeoutError) for cause in causes
    ):
        return BrokenExchange("timeout", "the server did not answer in time")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return BrokenExchange("bad_url", "the URL cannot be requested")
    for cause in causes:
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
            return BrokenExchange("read", f"the connection broke ({system_text(cause)})")
    return BrokenExchange("protocol", f"the answer cannot be used ({type(error).__name__})")


def _tls_reason(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason.replace("_", " ").lower()
    return "no details"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and whatever led to it, also where libraries keep it in `args` or `reason`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
