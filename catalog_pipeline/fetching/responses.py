"""What an answer is: a body, a confirmation that nothing changed, a redirect or a failure.

Reading bodies belongs in `catalog_pipeline.fetching.bodies`, which failures are tried again in
`catalog_pipeline.fetching.retry_table`.
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.answer import Answer
from catalog_pipeline.fetching.bodies import (
    Body,
    discard_body,
    read_body,
    read_start,
    require_one_length,
)
from catalog_pipeline.fetching.content_type import effective_type
from catalog_pipeline.fetching.failures import BrokenExchange, safe_url
from catalog_pipeline.fetching.redirects import check_redirect
from catalog_pipeline.fetching.retry_table import kind_of_status
from catalog_pipeline.fetching.robots import MAX_ROBOTS_BYTES
from catalog_pipeline.pushback import MAX_RETRY_AFTER_SECONDS, Pushback
from catalog_pipeline.records import FailedAnswer, Redirect, Response, Validators
from catalog_pipeline.showing import as_line

MAX_FAILED_BYTES = 64 << 10
"""How much is kept of the body of an answer with a status that no page has."""
_MAX_VALIDATOR_CHARACTERS = 1000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def judged(
    site: Site,
    url: str,
    raw: Answer,
    *,
    is_conditional: bool,
    is_page: bool,
    started: float,
    types: frozenset[str] | None = None,
) -> Response | Redirect:
    """Read `raw`, the answer to a request that was `started` at that time.monotonic().

    A page may have those `types`, if they are not those of the site's listing pages.

    Raises:
        FetchError: its status or redirect is a failure.
        BrokenExchange: its body is no whole one, or it contradicts itself.
    """
    require_one_length(raw)
    location = raw.headers.get("Location")
    if raw.status in _REDIRECTS and location:
        discard_body(raw)
        target = check_redirect(site, url, location, to_any_host=not is_page)
        return Redirect(url=url, location=target, status=raw.status)
    if raw.status == 304 and is_conditional:
        discard_body(raw)
        body = Body(b"", 0)
    elif 200 <= raw.status < 300 and raw.status != 206:
        known = site.records.page_types if types is None else types
        body = _page_body(site, url, raw, known) if is_page else read_start(raw, MAX_ROBOTS_BYTES)
    else:
        raise _status_error(raw, url)
    return Response(
        url=url,
        status=raw.status,
        content_type=_shown_type(raw),
        validators=Validators(_validator(raw, "ETag"), _validator(raw, "Last-Modified")),
        body=body.content,
        wire_bytes=body.wire_bytes,
        fetch_seconds=time.monotonic() - started,
        headers=tuple(raw.headers.items()),
    )


def _page_body(site: Site, url: str, raw: Answer, known: frozenset[str]) -> Body:
    limits = site.limits
    try:
        _check_type(raw, known)
        return read_body(raw, limits.max_body_bytes, limits.max_decoded_bytes)
    except BrokenExchange as broken:
        broken.answer = _failed_answer(url, raw, has_body=broken.kind == "content_type")
        raise


def _failed_answer(url: str, raw: Answer, *, has_body: bool = True) -> FailedAnswer:
    """What there is of an answer that gives no page; a short body is read to its end."""
    body = b""
    if has_body:
        try:
            body = read_start(raw, MAX_FAILED_BYTES).content[:MAX_FAILED_BYTES]
        except BrokenExchange:
            raw.close()
    return FailedAnswer(safe_url(url), raw.status, tuple(raw.headers.items()), body)


def retry_after_seconds(value: str | None, date: str | None = None) -> float | None:
    """Retry-After as seconds, a week at the most; None if it says nothing usable.

    A time counts from the `date` of the answer, by the site's own clock, if there is one.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_SECONDS)
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(until - _said_at(date), 0.0), MAX_RETRY_AFTER_SECONDS)


def _said_at(date: str | None) -> float:
    try:
        return parsedate_to_datetime((date or "").strip()).timestamp()
    except (ValueError, TypeError, OverflowError):
        return time.time()


def _validator(raw: Answer, name: str) -> str | None:
    """What is recorded with the page and sent back; without one the page is had in full again.

    One with characters that cannot be seen, which no server needs, would rule who looks at it.
    """
    value = raw.headers.get(name)
    is_usable = value and value.isprintable() and len(value) <= _MAX_VALIDATOR_CHARACTERS
    return value if is_usable else None


def _shown_type(raw: Answer) -> str | None:
    """The type of what came, as it is recorded and shown."""
    found = effective_type(raw.headers.get("Content-Type"))
    return None if found is None else as_line(found)[:_MAX_VALIDATOR_CHARACTERS]


def _check_type(raw: Answer, known: frozenset[str]) -> None:
    """Refuse a page of another type than the site's pages are; no type at all passes."""
    media_type = (effective_type(raw.headers.get("Content-Type")) or "").partition(";")[0]
    if media_type and media_type not in known:
        names = {"application/gzip": "XML", "text/html": "HTML"}
        wanted = next((name for kind, name in names.items() if kind in known), "JSON")
        raise BrokenExchange("content_type", f"the body is not {wanted} by its Content-Type")


def _retry_after(raw: Answer) -> float | None:
    return retry_after_seconds(raw.headers.get("Retry-After"), raw.headers.get("Date"))


def _status_error(raw: Answer, url: str) -> FetchError:
    pushback = None
    if raw.status in (429, 503):
        pushback = Pushback(True, _retry_after(raw))
    error = FetchError(
        f"the server answered {raw.status}",
        kind=kind_of_status(raw.status),
        url=safe_url(url),
        http_status=raw.status,
        pushback=pushback,
    )
    error.answer = _failed_answer(url, raw)
    return error
