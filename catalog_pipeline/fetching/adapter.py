"""The environment's proxies, and requests' transport through them over bounded connections.

Connections without a proxy belong in `catalog_pipeline.fetching.direct`, limits of a single
exchange in `catalog_pipeline.fetching.allowance`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import HTTPError
from urllib3.util import Url

from catalog_pipeline.fetching.addresses import is_loopback_name
from catalog_pipeline.fetching.answer import Answer
from catalog_pipeline.fetching.connections import BOUNDED_POOLS
from catalog_pipeline.fetching.failures import BrokenExchange


class BoundedAdapter(HTTPAdapter):
    """requests' adapter, keeping as many connections open as the crawl uses at once."""

    def __init__(self, concurrency: int) -> None:
        super().__init__(pool_maxsize=concurrency)

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:
        """Make the pools of connections through `proxy` bounded ones."""
        if proxy.lower().startswith("socks"):
            raise BrokenExchange("proxy", "SOCKS proxies are not supported")
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = BOUNDED_POOLS
        return manager

    def answer(self, request: requests.PreparedRequest, **options: Any) -> Answer:
        """Send one prepared request, and read the head of its answer.

        Raises:
            BrokenExchange: a header of it cannot be carried by HTTP.
        """
        try:
            raw = self.send(request, stream=True, **options).raw
        except (requests.RequestException, HTTPError):
            raise
        except ValueError:
            raise BrokenExchange("bad_url", "the request cannot be sent as it stands") from None
        response: Any = raw._original_response
        return Answer(response, partial(_let_go, raw))

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Hand on the raw answer only: the rest would be work for nothing."""
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        return response


def _let_go(raw: BaseHTTPResponse, can_serve: bool) -> None:
    if not can_serve:
        raw.close()
    raw.release_conn()


class EnvironmentProxies:
    """The proxies that the environment names, asked for once per site.

    This machine's own addresses are never proxied: a proxy could not reach the practice shop.
    """

    def __init__(self) -> None:
        self._by_site: dict[tuple[str | None, str | None], dict[str, str] | None] = {}

    def for_url(self, parts: Url) -> dict[str, str] | None:
        """Proxies as requests takes them, or None to connect directly."""
        site = (parts.scheme, parts.netloc)
        if site not in self._by_site:
            found = {} if is_loopback_name(parts.host or "") else get_environ_proxies(parts.url)
            self._by_site[site] = found if select_proxy(parts.url, found) else None
        return self._by_site[site]
