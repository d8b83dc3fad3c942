"""What a page says of a login: whether it is one of a live session, or that it was refused.

Not here: which pages are looked at, and what follows (`login`).
"""

from __future__ import annotations

from functools import lru_cache

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.forms import page_matches
from catalog_pipeline.reading.html.selectors import Selector, page_selector
from catalog_pipeline.reading.watch import Place


def shows_no_session(site: Site, body: bytes, content_type: str | None) -> bool:
    """Whether a page is one that only a visitor without a session is shown, as `logged_in` says."""
    login = site.login
    if not isinstance(login, FormLogin) or not login.logged_in:
        return False
    try:
        return not matches(site, "logged_in", login.logged_in, body, content_type)
    except ParseError:
        # No session would make it readable; the page's parser says what is wrong with it.
        return False


def check_session(
    site: Site, page: PageKey, url: str, body: bytes, content_type: str | None
) -> None:
    """Refuse a page that is kept, and is none of a live session.

    Raises:
        ParseError: it is one that only a visitor without a session is shown.
    """
    if shows_no_session(site, body, content_type):
        problem = (
            "login.logged_in does not match the page, which was had without a live session, or "
            "while the site had another sign of one (logged_in: [new, old] takes both)"
        )
        raise ParseError(problem, page=page, url=url)


def matches(
    site: Site, key: str, texts: tuple[str, ...] | None, body: bytes, content_type: str | None
) -> bool:
    """Whether a page matches the selectors that the login has under `key`.

    Raises:
        ParseError: the page cannot be read as HTML.
    """
    selectors = [login_selector(site.name, f"login.{key}", text) for text in texts or ()]
    place = Place.LOGIN_ERROR if key == "error" else Place.LOGGED_IN
    return page_matches(body, content_type, selectors, place)


@lru_cache(maxsize=64)
def login_selector(catalogue: str, key: str, text: str) -> Selector:
    """A selector of the login, compiled.

    Raises:
        CatalogueError: it cannot be used.
    """
    return page_selector(catalogue, key, text)
