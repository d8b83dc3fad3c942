"""One page on its own, outside a crawl: robots.txt, login, redirects, no retries, no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from http.cookiejar import CookieJar

from requests.cookies import RequestsCookieJar

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.login import log_in
from catalog_pipeline.fetching.lost_page import require_page
from catalog_pipeline.fetching.robots import MAX_ROBOTS_REDIRECTS, RobotsRules, robots_address
from catalog_pipeline.records import Redirect, Response


def fetch_single(
    catalogue: Catalogue,
    page: PageKey,
    environ: Mapping[str, str],
    session: CookieJar | None = None,
    reading: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Response:
    """Download one page; the cookies of a login go into `session`.

    The pages of a login are read within what `reading` gives.

    Raises:
        FetchError: the page cannot be had, or robots.txt forbids it.
        LoginError: the site does not accept the catalogue's login.
    """
    login = catalogue.login
    credentials = Credentials.from_environment(login, environ) if login else None
    exchange = Exchange(
        catalogue,
        cookies=RequestsCookieJar() if session is None else session,
        authorization=credentials.authorization if credentials else None,
        environ=environ,
    )
    try:
        visit = _Visit(exchange, catalogue, page)
        url = catalogue.page_address(page)
        visit.check_robots(url)
        if credentials is not None:
            log_in(exchange, catalogue, credentials, reading=reading)
        return visit.followed(url)
    finally:
        exchange.close()


class _Visit:
    """One page by way of its redirects; each host on the way is asked for its robots.txt once."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue, page: PageKey) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._page = page
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
        refusal = self._rules[address].why_not(url, politeness.agent)
        if refusal:
            raise FetchError(refusal, kind="robots", url=url, page=self._page)

    def followed(self, url: str) -> Response:
        """The page that `url` leads to."""
        for _ in range(self._catalogue.limits.max_redirects + 1):
            self.check_robots(url)
            answer = self._exchange.get(url, page=self._page)
            if not isinstance(answer, Redirect):
                require_page(self._catalogue, self._page, answer)
                return answer
            url = answer.location
        raise FetchError("too many redirects", kind="redirect_refused", url=url, page=self._page)

    def _asked(self, url: str) -> RobotsRules:
        try:
            for _ in range(MAX_ROBOTS_REDIRECTS + 1):
                answer = self._exchange.get(url, is_page=False)
                if isinstance(answer, Response):
                    return RobotsRules.from_answer(answer.status, answer.body)
                url = answer.location
        except FetchError as error:
            return RobotsRules.from_answer(error.http_status, problem=str(error))
        return RobotsRules.from_answer(answer.status)
