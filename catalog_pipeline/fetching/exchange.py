"""One HTTP request and its whole answer, or one FetchError that says why there is none.

Redirects are checked but not followed, and nothing is tried again: each request is the crawl's to
count. Pace, robots.txt and logins belong in modules of their own.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import extract_cookies_to_jar, get_cookie_header
from requests.utils import get_environ_proxies
from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import FetchError, Pushback
from catalog_pipeline.fetching.addresses import check_name, is_loopback_name, networks_for
from catalog_pipeline.fetching.bodies import Body, discard_body, read_body
from catalog_pipeline.fetching.connections import (
    BOUNDED_POOLS,
    Allowance,
    Resolver,
    allowance_in_force,
)
from catalog_pipeline.fetching.decoding import ACCEPT_ENCODING
from catalog_pipeline.fetching.failures import BrokenExchange, broken_by, safe_url
from catalog_pipeline.fetching.redirects import check_redirect, is_same_site
from catalog_pipeline.fetching.retry_table import kind_of_status
from catalog_pipeline.records import Redirect, Response, Validators

MAX_RETRY_AFTER_SECONDS = 3600.0
PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
"""What a listing page, or robots.txt, may be served as; no type at all passes too."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"


class Exchange:
    """The HTTP side of one catalogue's crawl; all its threads share one.

    `authorization` is the value of that header, sent to the catalogue's own site only. `resolver`
    stands in for DNS.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        cookies: CookieJar | None = None,
        authorization: str | None = None,
        resolver: Resolver = socket.getaddrinfo,
    ) -> None:
        self._catalogue = catalogue
        self._cookies = cookies
        self._authorization = authorization
        self._resolver = resolver
        self._networks = networks_for(catalogue.base_url)
        self._adapter = _BoundedAdapter(catalogue.politeness.concurrency)
        self._verify = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        )
        self._proxies: dict[tuple[str, str], dict[str, str] | None] = {}
        self._headers = {
            "User-Agent": catalogue.politeness.agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": ACCEPT_ENCODING,
        }

    def get(
        self,
        url: str,
        *,
        validators: Validators = Validators(),  # noqa: B008
        page: int | None = None,
        max_body_bytes: int | None = None,
    ) -> Response | Redirect:
        """Download `url`, conditionally if there are validators; raises FetchError."""
        conditions = {}
        if validators.etag:
            conditions["If-None-Match"] = validators.etag
        if validators.last_modified:
            conditions["If-Modified-Since"] = validators.last_modified
        limit = max_body_bytes or self._catalogue.limits.max_body_bytes
        return self._exchanged("GET", url, conditions, None, page, limit)

    def post_form(
        self, url: str, fields: Mapping[str, str], *, page: int | None = None
    ) -> Response | Redirect:
        """Send a form; raises FetchError."""
        body = urlencode(fields).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        limit = self._catalogue.limits.max_body_bytes
        return self._exchanged("POST", url, headers, body, page, limit)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._adapter.close()

    def _exchanged(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        page: int | None,
        max_body_bytes: int,
    ) -> Response | Redirect:
        started = time.monotonic()
        try:
            request = self._prepared(method, url, headers, body)
            raw = self._sent(request, started, max_body_bytes)
            try:
                self._keep_cookies(request, raw)
                return self._judged(request, raw, page, max_body_bytes, started)
            except BaseException:
                raw.close()
                raise
            finally:
                raw.release_conn()
        except BrokenExchange as broken:
            problem = broken
        except (requests.RequestException, HTTPError, ValueError) as error:
            problem = broken_by(error)
        raise FetchError(problem.problem, kind=problem.kind, url=safe_url(url), page=page)

    def _prepared(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> requests.PreparedRequest:
        parts = _parsed(url)
        request = requests.PreparedRequest()
        request.method = method
        request.url = parts._replace(fragment=None).url
        request.headers = self._headers | headers  # type: ignore[assignment]
        request.body = body
        if self._cookies is not None:
            cookie = get_cookie_header(self._cookies, request)
            if cookie:
                request.headers["Cookie"] = cookie
        if self._authorization and is_same_site(self._catalogue, request.url):
            request.headers["Authorization"] = self._authorization
        return request

    def _sent(
        self, request: requests.PreparedRequest, started: float, max_body_bytes: int
    ) -> BaseHTTPResponse:
        politeness = self._catalogue.politeness
        parts = parse_url(request.url or "")
        proxies = self._proxies_for(parts)
        if proxies:
            check_name(parts.host or "", self._networks)
        allowance = Allowance(
            deadline=started + politeness.request_timeout_seconds,
            read_timeout_seconds=politeness.read_timeout_seconds,
            max_wire_bytes=max_body_bytes,
            networks=self._networks,
            resolver=self._resolver,
        )
        timeout = (politeness.connect_timeout_seconds, politeness.read_timeout_seconds)
        with allowance_in_force(allowance):
            answer = self._adapter.send(
                request, stream=True, timeout=timeout, verify=self._verify, proxies=proxies
            )
        raw: BaseHTTPResponse = answer.raw
        return raw

    def _judged(
        self,
        request: requests.PreparedRequest,
        raw: BaseHTTPResponse,
        page: int | None,
        max_body_bytes: int,
        started: float,
    ) -> Response | Redirect:
        url, status = request.url or "", raw.status
        location = raw.headers.get("Location")
        if status in _REDIRECTS and location:
            discard_body(raw)
            target = check_redirect(self._catalogue, url, location)
            return Redirect(url=url, location=target, status=status)
        if status == 304 and _is_conditional(request):
            discard_body(raw)
            body = Body(b"", 0)
        elif 200 <= status < 300 and status != 206:
            _check_type(raw)
            body = read_body(raw, max_body_bytes, self._catalogue.limits.max_decoded_bytes)
        else:
            discard_body(raw)
            raise _status_error(raw, url, page)
        return Response(
            url=url,
            status=status,
            content_type=raw.headers.get("Content-Type"),
            validators=Validators(raw.headers.get("ETag"), raw.headers.get("Last-Modified")),
            body=body.content,
            wire_bytes=body.wire_bytes,
            fetch_seconds=time.monotonic() - started,
        )

    def _keep_cookies(self, request: requests.PreparedRequest, raw: BaseHTTPResponse) -> None:
        if self._cookies is not None and "Set-Cookie" in raw.headers:
            extract_cookies_to_jar(self._cookies, request, raw)

    def _proxies_for(self, parts: Url) -> dict[str, str] | None:
        """The environment's proxies for a site, asked for once; this machine is never proxied."""
        site = (parts.scheme or "", parts.netloc or "")
        if site not in self._proxies:
            found = {} if is_loopback_name(parts.host or "") else get_environ_proxies(parts.url)
            self._proxies[site] = found or None
        return self._proxies[site]


class _BoundedAdapter(HTTPAdapter):
    """requests' adapter over connections that keep to the exchange's allowance."""

    def __init__(self, concurrency: int) -> None:
        super().__init__(pool_maxsize=concurrency)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = BOUNDED_POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:
        if proxy.lower().startswith("socks"):
            raise BrokenExchange("proxy", "SOCKS proxies are not supported")
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = BOUNDED_POOLS
        return manager

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        return response


def _parsed(url: str) -> Url:
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise BrokenExchange("bad_url", "the URL cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.host:
        raise BrokenExchange("bad_url", "the URL is not one of http or https")
    if parts.auth:
        raise BrokenExchange("bad_url", "credentials do not belong in a URL; declare a login")
    return parts


def _is_conditional(request: requests.PreparedRequest) -> bool:
    return "If-None-Match" in request.headers or "If-Modified-Since" in request.headers


def _check_type(raw: BaseHTTPResponse) -> None:
    media_type = raw.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if media_type and media_type not in PAGE_TYPES:
        raise BrokenExchange("content_type", "the body is not HTML by its Content-Type")


def _status_error(raw: BaseHTTPResponse, url: str, page: int | None) -> FetchError:
    status = raw.status
    pushback = None
    if status in (429, 503):
        pushback = Pushback(True, retry_after_seconds(raw.headers.get("Retry-After")))
    return FetchError(
        f"the server answered {status}",
        kind=kind_of_status(status),
        url=safe_url(url),
        page=page,
        http_status=status,
        pushback=pushback,
    )


def retry_after_seconds(value: str | None) -> float | None:
    """Retry-After as seconds from now, an hour at the most; None if it says nothing usable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_SECONDS)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
