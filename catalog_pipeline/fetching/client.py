"""One HTTP request and its whole answer, or one FetchError that says why there is none.

Redirects are checked but not followed, and nothing is tried again: each request is the crawl's to
count. Pace, robots.txt and logins belong in modules of their own.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from http.cookiejar import CookieJar
from urllib.parse import urlencode

import requests
from requests.cookies import extract_cookies_to_jar, get_cookie_header
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.adapter import BoundedAdapter, EnvironmentProxies
from catalog_pipeline.fetching.addresses import PUBLIC, check_name, networks_for
from catalog_pipeline.fetching.connections import Allowance, Resolver, allowance_in_force
from catalog_pipeline.fetching.content_encoding import ACCEPT_ENCODING
from catalog_pipeline.fetching.failures import BrokenExchange, broken_by, safe_url
from catalog_pipeline.fetching.redirects import is_same_site, is_within
from catalog_pipeline.fetching.responses import judged
from catalog_pipeline.fetching.robots import MAX_ROBOTS_BYTES
from catalog_pipeline.records import Redirect, Response, Validators

_ACCEPT = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"


class Exchange:
    """The HTTP side of one catalogue's crawl; all its threads share one.

    `authorization` is the value of that header, sent to the catalogue's own site only. `resolver`
    stands in for DNS.
    """

    def __init__(
        self,
        site: Site,
        *,
        cookies: CookieJar | None = None,
        authorization: str | None = None,
        resolver: Resolver = socket.getaddrinfo,
    ) -> None:
        self._site = site
        self._cookies = cookies
        self._authorization = authorization
        self._resolver = resolver
        self._networks = networks_for(site.base_url)
        self._adapter = BoundedAdapter(site.politeness.concurrency)
        self._verify = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        )
        self._proxies = EnvironmentProxies()
        self._headers = {
            "User-Agent": site.politeness.agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": ACCEPT_ENCODING,
        }

    def get(
        self,
        url: str,
        *,
        validators: Validators = Validators(),  # noqa: B008
        page: PageKey | None = None,
        is_page: bool = True,
    ) -> Response | Redirect:
        """Download `url`, conditionally if there are validators; raises FetchError.

        What is no page, such as robots.txt, may have any type and is read as far as it counts. It
        may redirect to any public host, unless a proxy would have to be trusted with finding out
        whether it is one, and is asked for without cookies and credentials: those are the pages'.
        """
        conditions = {}
        if validators.etag:
            conditions["If-None-Match"] = validators.etag
        if validators.last_modified:
            conditions["If-Modified-Since"] = validators.last_modified
        return self._exchanged("GET", url, conditions, None, page, is_page=is_page)

    def post_form(
        self, url: str, fields: Mapping[str, str], *, page: PageKey | None = None
    ) -> Response | Redirect:
        """Send a form; raises FetchError."""
        body = urlencode(fields).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        return self._exchanged("POST", url, headers, body, page)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._adapter.close()

    def _exchanged(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        page: PageKey | None,
        *,
        is_page: bool = True,
    ) -> Response | Redirect:
        started = time.monotonic()
        try:
            parts = _parsed(url)
            request = self._prepared(method, parts.url, headers, body, is_page=is_page)
            raw = self._sent(request, parts, started, is_page=is_page)
            try:
                if is_page:
                    self._keep_cookies(request, raw)
                return judged(
                    self._site,
                    parts.url,
                    raw,
                    is_conditional="If-None-Match" in headers or "If-Modified-Since" in headers,
                    is_page=is_page,
                    started=started,
                )
            finally:
                raw.close()
                raw.release_conn()
        except FetchError as error:
            error.page = page
            raise
        except BrokenExchange as broken:
            problem = broken
        except (requests.RequestException, HTTPError) as error:
            problem = broken_by(error)
        raise FetchError(problem.problem, kind=problem.kind, url=safe_url(url), page=page)

    def _prepared(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, *, is_page: bool
    ) -> requests.PreparedRequest:
        request = requests.PreparedRequest()
        request.method = method
        request.url = url
        request.headers = self._headers | headers  # type: ignore[assignment]
        request.body = body
        if self._cookies is not None and is_page:
            cookie = get_cookie_header(self._cookies, request)
            if cookie:
                request.headers["Cookie"] = cookie
        if self._authorization and is_page and is_same_site(self._site, url):
            request.headers["Authorization"] = self._authorization
        return request

    def _sent(
        self, request: requests.PreparedRequest, parts: Url, started: float, *, is_page: bool
    ) -> BaseHTTPResponse:
        politeness = self._site.politeness
        proxies = self._proxies.for_url(parts)
        is_elsewhere = not is_page and not is_within(self._site, parts.url)
        networks = PUBLIC if is_elsewhere else self._networks
        if proxies and is_elsewhere:
            raise BrokenExchange("address_refused", "it leaves the site, behind a proxy")
        if proxies:
            check_name(parts.host or "", networks)
        allowance = Allowance(
            deadline=started + politeness.request_timeout_seconds,
            read_timeout_seconds=politeness.read_timeout_seconds,
            max_wire_bytes=self._site.limits.max_body_bytes if is_page else MAX_ROBOTS_BYTES,
            networks=networks,
            resolver=self._resolver,
        )
        timeout = (politeness.connect_timeout_seconds, politeness.read_timeout_seconds)
        with allowance_in_force(allowance):
            answer = self._adapter.send(
                request, stream=True, timeout=timeout, verify=self._verify, proxies=proxies
            )
        raw: BaseHTTPResponse = answer.raw
        return raw

    def _keep_cookies(self, request: requests.PreparedRequest, raw: BaseHTTPResponse) -> None:
        if self._cookies is not None and "Set-Cookie" in raw.headers:
            extract_cookies_to_jar(self._cookies, request, raw)


def _parsed(url: str) -> Url:
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise BrokenExchange("bad_url", "the URL cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.host:
        raise BrokenExchange("bad_url", "the URL is not one of http or https")
    if parts.auth:
        raise BrokenExchange("bad_url", "credentials do not belong in a URL; declare a login")
    return parts._replace(fragment=None)
