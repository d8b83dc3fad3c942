"""Which cookies are kept and sent back: RFC 6265, with its limits, and never to another host.

Cookies come from whatever server answers, so what they cost is bounded. How a session's cookies
are stored belongs in `catalog_pipeline.fetching.cookies`.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any

from requests import PreparedRequest
from requests.cookies import MockRequest, MockResponse, get_cookie_header

from catalog_pipeline.fetching.answer import Answer

MAX_COOKIE_BYTES = 4096
"""Name, value and attributes together; the limits are those of RFC 6265, section 6.1."""
MAX_COOKIES_PER_HOST = 50
MAX_COOKIES = 3000
MAX_HEADER_BYTES = MAX_COOKIES_PER_HOST * MAX_COOKIE_BYTES
_DEFAULT_PORTS = {"80", "443"}


class HostBoundPolicy(DefaultCookiePolicy):
    """A cookie without a domain goes back to the host and port that set it, and to no other.

    The standard library's own policy sends it to every host below that one too.
    """

    def __init__(self) -> None:
        super().__init__(
            strict_domain=True, strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain
        )

    def set_ok(self, cookie: Cookie, request: Any) -> bool:
        """Whether a cookie may be kept; it is bound to the request's port."""
        if not super().set_ok(cookie, request) or _size(cookie) > MAX_COOKIE_BYTES:
            return False
        if not cookie.domain_specified:
            cookie.port = _ports(request)
        return True


def keep_cookies(jar: CookieJar, request: PreparedRequest, answer: Answer) -> None:
    """Keep in `jar` what an answer sets, within the limits; what is oldest goes first."""
    if "Set-Cookie" in answer.headers:
        response: Any = MockResponse(answer.message)
        asked: Any = MockRequest(request)
        jar.extract_cookies(response, asked)
        _trim(jar)


def cookie_header(
    jar: CookieJar, request: PreparedRequest, given: tuple[tuple[str, str], ...] = ()
) -> str:
    """The Cookie header of a request: of `jar`, and those `given` that the site has not set."""
    if not given and next(iter(jar), None) is None:
        return ""
    kept = (get_cookie_header(jar, request) or "").split("; ")
    names = {pair.partition("=")[0] for pair in kept}
    pairs = [f"{name}={value}" for name, value in given if name not in names]
    size = 0
    for pair in filter(None, kept):
        size += len(pair) + 2
        if size > MAX_HEADER_BYTES:
            break
        pairs.append(pair)
    return "; ".join(pairs)


def _trim(jar: CookieJar) -> None:
    jar.clear_expired_cookies()
    cookies = list(jar)
    per_host = Counter(_host(cookie) for cookie in cookies)
    total = len(cookies)
    for cookie in cookies:
        if per_host[_host(cookie)] > MAX_COOKIES_PER_HOST or total > MAX_COOKIES:
            with suppress(KeyError):
                jar.clear(cookie.domain, cookie.path, cookie.name)
            per_host[_host(cookie)] -= 1
            total -= 1


def _host(cookie: Cookie) -> str:
    return cookie.domain.lstrip(".")


def _size(cookie: Cookie) -> int:
    return len(cookie.name) + len(cookie.value or "") + len(cookie.path) + len(cookie.domain)


def _ports(request: Any) -> str:
    """The request's port, as a cookie names it; those of http and https count as one."""
    _, _, port = request.host.rpartition(":")
    if not port.isdigit() or port in _DEFAULT_PORTS:
        return ",".join(sorted(_DEFAULT_PORTS))
    return str(port)
