"""One address by way of its redirects, outside the loop of a crawl: robots.txt, and no retries.

When a request may leave is the caller's affair. What comes need not be a listing page.
"""

from __future__ import annotations

from collections.abc import Callable
from http.cookiejar import Cookie

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.robots import MAX_ROBOTS_REDIRECTS, RobotsRules, robots_address
from catalog_pipeline.records import Redirect, Response


class Visit:
    """Addresses of a site; each host on the way is asked for its robots.txt once.

    `before_request` is called before each request, `told_of_delay` with what the rules of a host
    want between two requests.
    """

    def __init__(
        self,
        exchange: Exchange,
        catalogue: Catalogue,
        page: PageKey | None = None,
        *,
        before_request: Callable[[], None] = lambda: None,
        told_of_delay: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._page = page
        self._before_request = before_request
        self._told_of_delay = told_of_delay
        self._rules: dict[str, RobotsRules] = {}

    def check_robots(self, url: str) -> None:
        """Let `url` pass if the rules of its host allow it.

        Raises:
            FetchError: they forbid it.
        """
        politeness = self._catalogue.politeness
        if not politeness.obey_robots:
            return
        address = robots_address(url)
        if address not in self._rules:
            self._rules[address] = self._asked(address)
            delay = self._rules[address].crawl_delay(politeness.agent)
            if delay is not None:
                self._told_of_delay(delay)
        refusal = self._rules[address].why_not(url, politeness.agent)
        if refusal:
            raise FetchError(refusal, kind="robots", url=url, page=self._page)

    def followed(self, url: str, types: frozenset[str] | None = None) -> Response:
        """What `url` leads to, of one of these media types if they are not those of the pages.

        Raises:
            FetchError: it cannot be had.
        """
        cookies: tuple[Cookie, ...] = ()
        for _ in range(self._catalogue.limits.max_redirects + 1):
            self.check_robots(url)
            self._before_request()
            answer = self._exchange.get(url, page=self._page, visit=cookies, types=types)
            if not isinstance(answer, Redirect):
                return answer
            url, cookies = answer.location, answer.cookies
        raise FetchError("too many redirects", kind="redirect_refused", url=url, page=self._page)

    def _asked(self, url: str) -> RobotsRules:
        try:
            for _ in range(MAX_ROBOTS_REDIRECTS + 1):
                self._before_request()
                answer = self._exchange.get(url, is_page=False)
                if isinstance(answer, Response):
                    return RobotsRules.from_answer(answer.status, answer.body)
                url = answer.location
        except FetchError as error:
            return RobotsRules.from_answer(error.http_status, problem=str(error))
        return RobotsRules.from_answer(answer.status)
