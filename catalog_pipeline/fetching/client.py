"""One HTTP request and its whole answer, or one FetchError that says why there is none.

Redirects are checked but not followed, and nothing is tried again: each request is the crawl's to
count. Pace, robots.txt and logins belong in modules of their own.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from http.cookiejar import Cookie, CookieJar
from urllib.parse import urlencode

import requests
import webencodings
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.adapter import BoundedAdapter, EnvironmentProxies
from catalog_pipeline.fetching.addresses import PUBLIC, check_name, networks_for
from catalog_pipeline.fetching.allowance import Allowance, Resolver, allowance_in_force
from catalog_pipeline.fetching.answer import Answer
from catalog_pipeline.fetching.cookie_rules import HostBoundPolicy, cookie_header, keep_cookies
from catalog_pipeline.fetching.direct import DirectConnections
from catalog_pipeline.fetching.failures import BrokenExchange, broken_by
from catalog_pipeline.fetching.redirects import is_same_site, is_within
from catalog_pipeline.fetching.request_headers import RequestHeaders, merged, standard_headers
from catalog_pipeline.fetching.responses import judged
from catalog_pipeline.fetching.robots import MAX_ROBOTS_BYTES
from catalog_pipeline.records import Redirect, Response, Validators


class Exchange:
    """The HTTP side of one catalogue's crawl; all its threads share one.

    `cookies` are a session's, which outlive the visit of a page. `authorization` is the value of
    that header, sent to the catalogue's own site only; `environ` holds the secret values that the
    YAML names. `resolver` stands in for DNS.
    """

    def __init__(
        self,
        site: Site,
        *,
        cookies: CookieJar | None = None,
        authorization: str | None = None,
        environ: Mapping[str, str] = os.environ,
        resolver: Resolver = socket.getaddrinfo,
    ) -> None:
        self._site = site
        self._cookies = cookies
        if cookies is not None:
            cookies.set_policy(HostBoundPolicy())
        self._authorization = authorization
        self._resolver = resolver
        self._networks = networks_for(site.base_url)
        authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        self._direct = DirectConnections(site.politeness.concurrency, authorities)
        self._adapter = BoundedAdapter(site.politeness.concurrency)
        self._verify = authorities or True
        self._proxies = EnvironmentProxies()
        self._standard_headers = standard_headers(site)
        self._headers = RequestHeaders.of(site, environ)
        self._own_origins: dict[tuple[str | None, str | None, int | None], bool] = {}

    def get(
        self,
        url: str,
        *,
        validators: Validators = Validators(),  # noqa: B008
        page: PageKey | None = None,
        is_page: bool = True,
        visit: tuple[Cookie, ...] = (),
        types: frozenset[str] | None = None,
    ) -> Response | Redirect:
        """Download `url`, conditionally if there are validators.

        What is no page, such as robots.txt, may have any type and is read as far as it counts. It
        may redirect to any public host, unless a proxy would have to be trusted with finding out
        whether it is one, and is asked for without cookies and credentials: those are the pages'.
        `visit` are the cookies of the redirect that led here; without a session a redirect takes
        along what the site has set. `types` are a page's, if not those of the listing pages.

        Raises:
            FetchError: there is no page, or none that may be taken.
        """
        known = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
        conditions = {name: value for name, value in known.items() if value}
        return self._exchanged("GET", url, conditions, None, page, is_page, visit, types)

    def post_form(
        self,
        url: str,
        fields: Mapping[str, str] | Sequence[tuple[str, str]],
        *,
        charset: str = "utf-8",
        page: PageKey | None = None,
    ) -> Response | Redirect:
        """Send a form, encoded in `charset` as browsers do.

        Raises:
            FetchError: there is no answer, or none that may be taken.
        """
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        body = urlencode(
            [(_encoded(name, charset), _encoded(value, charset)) for name, value in pairs]
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        return self._exchanged("POST", url, headers, body.encode(), page)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._direct.close()
        self._adapter.close()

    def _exchanged(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        page: PageKey | None,
        is_page: bool = True,
        visit: tuple[Cookie, ...] = (),
        types: frozenset[str] | None = None,
    ) -> Response | Redirect:
        jar = self._jar(visit)
        started = time.monotonic()
        try:
            parts = _parsed(url)
            request = self._prepared(method, parts, headers, body, jar if is_page else None)
            with closing(self._sent(request, parts, started, is_page=is_page)) as raw:
                if is_page:
                    keep_cookies(jar, request, raw)
                answer = judged(
                    self._site,
                    parts.url,
                    raw,
                    is_conditional="If-None-Match" in headers or "If-Modified-Since" in headers,
                    is_page=is_page,
                    started=started,
                    types=types,
                )
                if isinstance(answer, Redirect) and is_page and self._cookies is None:
                    answer = replace(answer, cookies=tuple(jar))
                return answer
        except FetchError as error:
            error.page = page
            raise
        except BrokenExchange as broken:
            problem = broken
        except (requests.RequestException, HTTPError) as error:
            problem = broken_by(error)
        raise problem.as_error(url, page)

    def _jar(self, visit: tuple[Cookie, ...]) -> CookieJar:
        """The session's cookies, or those of one visit."""
        if self._cookies is not None:
            return self._cookies
        jar = CookieJar(HostBoundPolicy())
        for cookie in visit:
            jar.set_cookie(cookie)
        return jar

    def _prepared(
        self,
        method: str,
        parts: Url,
        headers: dict[str, str],
        body: bytes | None,
        jar: CookieJar | None,
    ) -> requests.PreparedRequest:
        """The request; without a `jar` it carries nothing that is the pages' own."""
        request = requests.PreparedRequest()
        request.method = method
        request.url = parts.url
        request.body = body
        is_own = self._is_own(parts)
        added = self._headers.of_page(is_own_site=is_own) if jar is not None else {}
        request.headers = merged(self._standard_headers, added, headers)  # type: ignore[assignment]
        if jar is None:
            return request
        cookie = cookie_header(jar, request, self._headers.cookies_to_site if is_own else ())
        if cookie:
            request.headers["Cookie"] = cookie
        if self._authorization and is_own:
            request.headers["Authorization"] = self._authorization
        return request

    def _is_own(self, parts: Url) -> bool:
        """`is_same_site`, once for each origin: all pages but a few have the same."""
        origin = parts.scheme, parts.host, parts.port
        if origin not in self._own_origins:
            self._own_origins[origin] = is_same_site(self._site, parts.url)
        return self._own_origins[origin]

    def _sent(
        self, request: requests.PreparedRequest, parts: Url, started: float, *, is_page: bool
    ) -> Answer:
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
            if proxies is None:
                return self._direct.send(request, parts, politeness.connect_timeout_seconds)
            return self._adapter.answer(
                request, timeout=timeout, verify=self._verify, proxies=proxies
            )


def _encoded(text: str, charset: str) -> bytes:
    """`text` as a form sends it: what the charset lacks becomes a character reference."""
    return webencodings.encode(text, charset, "xmlcharrefreplace")


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
