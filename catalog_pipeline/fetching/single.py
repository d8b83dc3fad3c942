"""One page on its own, outside a crawl: robots.txt, login, redirects, no retries, no store."""

from __future__ import annotations

from collections.abc import Mapping

from requests.cookies import RequestsCookieJar

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.login import log_in
from catalog_pipeline.fetching.robots import MAX_ROBOTS_REDIRECTS, RobotsRules, robots_address
from catalog_pipeline.records import Redirect, Response


def fetch_single(catalogue: Catalogue, page: PageKey, environ: Mapping[str, str]) -> Response:
    """Download one page.

    Raises:
        FetchError: the page cannot be had, or robots.txt forbids it.
        LoginError: the site does not accept the catalogue's login.
    """
    login = catalogue.login
    credentials = Credentials.from_environment(login, environ) if login else None
    exchange = Exchange(
        catalogue,
        cookies=RequestsCookieJar(),
        authorization=credentials.authorization if credentials else None,
    )
    try:
        url = catalogue.page_address(page)
        if catalogue.politeness.obey_robots:
            _check_robots(exchange, catalogue, url, page)
        if credentials is not None:
            log_in(exchange, catalogue, credentials)
        return _followed(exchange, catalogue, url, page)
    finally:
        exchange.close()


def _check_robots(exchange: Exchange, catalogue: Catalogue, url: str, page: PageKey) -> None:
    try:
        rules = _robots(exchange, robots_address(url))
    except FetchError as error:
        rules = RobotsRules.from_answer(error.http_status, problem=str(error))
    refusal = rules.why_not(url, catalogue.politeness.agent)
    if refusal:
        raise FetchError(refusal, kind="robots", url=url, page=page)


def _robots(exchange: Exchange, url: str) -> RobotsRules:
    for _ in range(MAX_ROBOTS_REDIRECTS + 1):
        answer = exchange.get(url, is_page=False)
        if isinstance(answer, Response):
            return RobotsRules.from_answer(answer.status, answer.body)
        url = answer.location
    return RobotsRules.from_answer(answer.status)


def _followed(exchange: Exchange, catalogue: Catalogue, url: str, page: PageKey) -> Response:
    for _ in range(catalogue.limits.max_redirects + 1):
        answer = exchange.get(url, page=page)
        if not isinstance(answer, Redirect):
            return answer
        url = answer.location
    raise FetchError("too many redirects", kind="redirect_refused", url=url, page=page)
