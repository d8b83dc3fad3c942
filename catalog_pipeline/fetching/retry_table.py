"""Which failures of a page are tried again: the one table, by kind of failure.

Every `FetchError.kind` is a row here. How often and when a page is tried again belongs in
`catalog_pipeline.crawling`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryRule:
    """One kind of failure, whether another attempt may help, and what it means."""

    kind: str
    is_retried: bool
    meaning: str


RETRY_TABLE = (
    RetryRule("connect", True, "No connection: name not found, refused, or no answer in time"),
    RetryRule("proxy", True, "The proxy of the environment could not be used"),
    RetryRule("timeout", True, "The server fell silent or took too long for the whole answer"),
    RetryRule("read", True, "The connection broke before the answer was complete"),
    RetryRule("short_body", True, "The body ended early: Content-Length or last chunk missing"),
    RetryRule("protocol", True, "The answer is not proper HTTP, or not one that was asked for"),
    RetryRule("decoding", True, "The compressed body is damaged or cut short"),
    RetryRule("encoding_unknown", False, "The body is compressed in a way that was not offered"),
    RetryRule("tls", False, "TLS failed, for example because the certificate is not valid"),
    RetryRule("status_408_425", True, "408 or 425: the server wants the request again"),
    RetryRule("status_429", True, "429: too many requests; the whole crawl slows down"),
    RetryRule("status_5xx", True, "500, 502, 503, 504 and other passing server errors"),
    RetryRule("status_501_505_511", False, "501, 505, 511: the server will never serve this"),
    RetryRule("status_404_410", False, "404 or 410: the page is not there"),
    RetryRule("status_401_403", False, "401 or 403: access denied"),
    RetryRule("status_4xx", False, "Any other 4xx: the request itself is refused"),
    RetryRule("status_unexpected", False, "A status that a listing page never has"),
    RetryRule("session_expired", True, "The session is over; one new login, then again"),
    RetryRule("robots", False, "robots.txt disallows the page"),
    RetryRule("redirect_refused", False, "A redirect away from the site, or too many of them"),
    RetryRule("page_lost", False, "A redirect led to another page, or to no page at all"),
    RetryRule("address_refused", False, "The host leads to a private or local address"),
    RetryRule("bad_url", False, "The URL cannot be requested"),
    RetryRule("content_type", False, "The body is not HTML"),
    RetryRule("too_large", False, "The body exceeds a limit, on the wire or decompressed"),
    RetryRule("parse", False, "The page is there but does not hold what the YAML says"),
    RetryRule("no_product", False, "The page is there and shows no product"),
    RetryRule("repeats", False, "The page shows exactly the products of another page"),
    RetryRule("no_address", True, "The page before it, which leads to it, could not be had"),
    RetryRule("parse_seconds", False, "Reading the page took longer than `limits.parse_seconds`"),
    RetryRule("parse_memory", False, "Reading the page took more than `limits.parse_memory`"),
    RetryRule("poisonous", False, "Reading the page broke, or worker processes died of it"),
)
_RULES = {rule.kind: rule for rule in RETRY_TABLE}
_KINDS_OF_STATUS = {
    **dict.fromkeys((401, 403), "status_401_403"),
    **dict.fromkeys((404, 410), "status_404_410"),
    **dict.fromkeys((408, 425), "status_408_425"),
    429: "status_429",
    **dict.fromkeys((501, 505, 511), "status_501_505_511"),
}


def is_retried(kind: str) -> bool:
    """Whether another attempt may help; an unknown `kind` is an error in the program."""
    return _RULES[kind].is_retried


def kind_of_status(status: int) -> str:
    """The row for an HTTP status that is a failure."""
    if status in _KINDS_OF_STATUS:
        return _KINDS_OF_STATUS[status]
    if 500 <= status <= 599:
        return "status_5xx"
    return "status_4xx" if 400 <= status <= 499 else "status_unexpected"


def markdown_table() -> str:
    """The table as the documentation shows it."""
    rows = [
        f"| `{rule.kind}` | {'yes' if rule.is_retried else 'no'} | {rule.meaning} |"
        for rule in RETRY_TABLE
    ]
    return "\n".join(["| Kind | Tried again | Meaning |", "| --- | --- | --- |", *rows])
