"""Logging in to a catalogue's site, and noticing that a session has expired.

Which requests a login takes and what their answers mean. When it is needed, and that it happens
once for all threads, is decided by the crawl. Reading the form is
`catalog_pipeline.reading.html.forms`; keeping the cookies is `catalog_pipeline.fetching.cookies`.
No user name, password or token is ever part of a message or a `repr`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from catalog_pipeline.catalogue.politeness import BasicLogin, BearerLogin, FormLogin
from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import FetchError, LoginError, ParseError
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.failures import safe_url
from catalog_pipeline.fetching.login_pages import login_selector, matches, shows_no_session
from catalog_pipeline.fetching.redirects import check_redirect
from catalog_pipeline.reading.html.forms import Form, read_form
from catalog_pipeline.records import Redirect, Response

if TYPE_CHECKING:
    from catalog_pipeline.fetching.client import Exchange

_REFUSALS = (400, 401, 403, 422)
"""Statuses of the answer to a form by which a site says no to what was in it."""


@dataclass(frozen=True)
class LoginRequest:
    """One request of a login: a GET, or a POST of `fields`."""

    url: str
    fields: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)
    charset: str = "utf-8"


LoginSteps = Generator[LoginRequest, "Response | Redirect", None]


def log_in(
    exchange: Exchange,
    site: Site,
    credentials: Credentials,
    *,
    before_request: Callable[[], None] = lambda: None,
    reading: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Log in with `exchange`, whose cookies then hold the session.

    `before_request` is called before each request, to keep the pace. What the site answers is read
    within what `reading` gives.

    Raises:
        LoginError: the site does not accept the login.
        FetchError: it could not be asked.
    """
    steps = login_steps(site, credentials)
    try:
        request = next(steps)
        while True:
            before_request()
            try:
                answer = _ask(exchange, request)
            except FetchError as error:
                request = steps.throw(error)
            else:
                with reading():
                    request = steps.send(answer)
    except StopIteration:
        return


def login_steps(site: Site, credentials: Credentials) -> LoginSteps:
    """Yield the requests of a form login one by one; send in their answers, throw in FetchErrors.

    Ends when the login has succeeded, at once for logins without a form.

    Raises:
        LoginError: the site does not accept it.
    """
    login = site.login
    if not isinstance(login, FormLogin):
        return
    page = yield from _answer(site, LoginRequest(site.absolute(login.page)))
    if _is_logged_in(site, login, page):
        return
    form = _form(site, login, page)
    fields = _filled_in(site, login, form, credentials)
    try:
        answer = yield from _answer(site, LoginRequest(form.action, fields, form.charset))
    except FetchError as error:
        if error.http_status in _REFUSALS:
            raise _refused(site, f"it answered with HTTP {error.http_status}") from error
        raise
    _check(site, login, answer)


def session_has_expired(site: Site, answer: Response | Redirect | FetchError) -> bool:
    """Whether what came back for a listing page shows that a new form login is due."""
    login = site.login
    if not isinstance(login, FormLogin):
        return False
    if isinstance(answer, FetchError):
        return answer.http_status == 401
    if isinstance(answer, Redirect):
        return _is_login_page(site, login, urljoin(answer.url, answer.location))
    if answer.status == 401 or _is_login_page(site, login, answer.url):
        return True
    return answer.status == 200 and shows_no_session(site, answer.body, answer.content_type)


def refused_authorization(site: Site, error: FetchError) -> LoginError | None:
    """The error to end the crawl with if a 401 says that the basic or bearer login is wrong."""
    login = site.login
    if error.http_status != 401 or not isinstance(login, BasicLogin | BearerLogin):
        return None
    return _refused(site, "it answered with HTTP 401")


def _ask(exchange: Exchange, request: LoginRequest) -> Response | Redirect:
    if request.fields is None:
        return exchange.get(request.url)
    return exchange.post_form(request.url, request.fields, charset=request.charset)


def _answer(
    site: Site, request: LoginRequest
) -> Generator[LoginRequest, Response | Redirect, Response]:
    """Follow the redirects that `request` leads to."""
    for _ in range(site.limits.max_redirects + 1):
        answer = yield request
        if isinstance(answer, Response):
            return answer
        request = LoginRequest(check_redirect(site, answer.url, answer.location))
    raise LoginError(
        f"Catalogue {site.name}: the login was redirected more than "
        f"{site.limits.max_redirects} times."
    )


def _is_logged_in(site: Site, login: FormLogin, page: Response) -> bool:
    """Whether the login page says that its visitor is logged in already."""
    try:
        return bool(login.logged_in) and matches(
            site, "logged_in", login.logged_in, page.body, page.content_type
        )
    except ParseError:
        return False


def _form(site: Site, login: FormLogin, page: Response) -> Form:
    where = f"Catalogue {site.name}: the login page {safe_url(page.url)}"
    try:
        selector = login_selector(site.name, "login.form", login.form)
        form = read_form(page.body, page.content_type, page.url, selector)
        check_redirect(site, page.url, form.action)
    except ParseError as error:
        raise LoginError(f"{where} cannot be used: {error}.") from error
    except FetchError as error:
        raise LoginError(
            f"{where} would send the credentials elsewhere: {error.problem}."
        ) from error
    if form.method != "post":
        raise LoginError(
            f"{where} would put the password into a URL (the form's method is GET); it is not used."
        )
    return form


def _filled_in(
    site: Site, login: FormLogin, form: Form, credentials: Credentials
) -> tuple[tuple[str, str], ...]:
    for name in (login.username_field, login.password_field):
        if name not in form.names:
            raise LoginError(
                f"Catalogue {site.name}: the login form has no field {name!r}; "
                f"it has {', '.join(form.names) or 'none'}."
            )
    return form.filled_in(
        {
            login.username_field: credentials.username,
            login.password_field: credentials.password,
        }
    )


def _check(site: Site, login: FormLogin, answer: Response) -> None:
    """Let `answer` pass, the last of the login, if it shows that it succeeded.

    Raises:
        LoginError: it does not.
    """
    try:
        if login.error and matches(site, "error", login.error, answer.body, answer.content_type):
            raise _refused(site, "its answer matches the selector login.error")
        if login.logged_in and not matches(
            site, "logged_in", login.logged_in, answer.body, answer.content_type
        ):
            raise _refused(site, "its answer does not match the selector login.logged_in")
    except ParseError:
        # The answer may quote the credentials, and so may what is said of it.
        raise _refused(site, "its answer cannot be read as HTML") from None
    if not login.logged_in and _is_login_page(site, login, answer.url):
        raise _refused(site, "it showed the login form again")


def _is_login_page(site: Site, login: FormLogin, url: str) -> bool:
    """Whether the address is that of the login page; where a page of the listing may have its path,
    the query tells them apart."""
    own = site.absolute(login.page)
    if _place(url) != _place(own):
        return False
    known = (_place(site.absolute(page)) for page in site.page_addresses)
    are_all_known = not site.is_discovered and not site.is_linked
    if are_all_known and _place(own) not in known:
        return True
    return _parameters(own) <= _parameters(url)


def _parameters(url: str) -> set[tuple[str, str]]:
    return set(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc.lower(), parts.path.rstrip("/")


def _refused(site: Site, evidence: str) -> LoginError:
    login = site.login
    names = (
        login.token_env
        if isinstance(login, BearerLogin)
        else f"{login.username_env} and {login.password_env}"
        if login is not None
        else ""
    )
    return LoginError(
        f"Catalogue {site.name}: the site did not accept the login ({evidence}). "
        f"Check the environment variable{'s' if ' and ' in names else ''} {names}; "
        "the login is not tried again by itself."
    )
