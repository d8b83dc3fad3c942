"""One page on its own, outside a crawl: robots.txt, login, redirects, no retries, no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from http.cookiejar import CookieJar

from requests.cookies import RequestsCookieJar

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.login import log_in
from catalog_pipeline.fetching.lost_page import require_page
from catalog_pipeline.fetching.visit import Visit
from catalog_pipeline.records import Response


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
        visit = Visit(exchange, catalogue, page)
        url = catalogue.page_address(page)
        visit.check_robots(url)
        if credentials is not None:
            log_in(exchange, catalogue, credentials, reading=reading)
        answer = visit.followed(url)
        require_page(catalogue, page, answer)
        return answer
    finally:
        exchange.close()
