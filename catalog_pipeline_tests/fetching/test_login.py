"""Logins at the practice shop, and at sites whose forms are wrong in one way each."""

import logging
import pickle
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from requests.cookies import RequestsCookieJar

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import FetchError, LoginError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.cookies import CookieFile
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.login import (
    log_in,
    login_steps,
    refused_authorization,
    session_has_expired,
)
from catalog_pipeline.records import Redirect, Response, Validators
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.answering import Reply, Request, answering
from catalog_pipeline_tests.fetching.raw_server import Visit, page, raw_server

RIGHT = {"SHOP_USER": "member", "SHOP_PASSWORD": "practice", "SHOP_TOKEN": "practice-token"}
WRONG_PASSWORD = "wr0ng-but-secret"
WRONG = {"SHOP_USER": "member", "SHOP_PASSWORD": WRONG_PASSWORD, "SHOP_TOKEN": WRONG_PASSWORD}
ENV_NAMES = {"username_env": "SHOP_USER", "password_env": "SHOP_PASSWORD"}
FORM = {"kind": "form", "page": "/members/login", "form": "form.login-form", **ENV_NAMES}
BASIC = {"kind": "basic", **ENV_NAMES}
BEARER = {"kind": "bearer", "token_env": "SHOP_TOKEN"}
LISTING = "/members/products?page=1"


def catalogue_of(base_url: str, login: dict[str, Any] | None, **options: Any) -> Catalogue:
    written = {
        "name": "members",
        "base_url": base_url,
        "page_url": "/members/products?page={page}",
        "last_page": 3,
        "product": ".product-card",
        "fields": {"name": {"select": "h2"}},
        "key": "name",
        "login": login,
    }
    return Catalogue.model_validate({**written, **options})


def credentials_of(catalogue: Catalogue, environ: dict[str, str]) -> Credentials:
    assert catalogue.login is not None
    return Credentials.from_environment(catalogue.login, environ)


def requests_of(shop: RunningShop) -> list[str]:
    return [path.split("?")[0] for _, path, _ in shop.log()]


@pytest.mark.parametrize(
    "selectors",
    [
        {},
        {"logged_in": ".product-card"},
        {"error": ".login-error"},
        {"logged_in": "section.products", "error": ".login-error"},
    ],
    ids=lambda selectors: "+".join(selectors) or "none",
)
def test_a_form_login_opens_the_members_area(shop: RunningShop, selectors: dict[str, str]) -> None:
    catalogue = catalogue_of(shop.url, FORM | selectors)
    exchange = Exchange(catalogue, cookies=RequestsCookieJar())
    before = exchange.get(shop.url + LISTING)
    assert session_has_expired(catalogue, before)
    log_in(exchange, catalogue, credentials_of(catalogue, RIGHT))
    after = exchange.get(shop.url + LISTING)
    assert isinstance(after, Response)
    assert not session_has_expired(catalogue, after)
    assert b"product-card" in after.body


@pytest.mark.parametrize(
    "selectors",
    [{}, {"logged_in": ".product-card"}, {"error": ".login-error"}],
    ids=lambda selectors: "+".join(selectors) or "none",
)
def test_wrong_credentials_are_one_clear_error_and_one_try(
    shop: RunningShop, selectors: dict[str, str]
) -> None:
    catalogue = catalogue_of(shop.url, FORM | selectors)
    exchange = Exchange(catalogue, cookies=RequestsCookieJar())
    with pytest.raises(LoginError, match="did not accept the login") as caught:
        log_in(exchange, catalogue, credentials_of(catalogue, WRONG))
    assert "SHOP_USER and SHOP_PASSWORD" in str(caught.value)
    assert requests_of(shop) == ["/members/login", "/members/login"]


def test_each_request_of_a_login_waits_for_the_pace(shop: RunningShop) -> None:
    catalogue = catalogue_of(shop.url, FORM)
    exchange = Exchange(catalogue, cookies=RequestsCookieJar())
    seen: list[int] = []
    log_in(
        exchange,
        catalogue,
        credentials_of(catalogue, RIGHT),
        before_request=lambda: seen.append(len(requests_of(shop))),
    )
    assert seen == [0, 1, 2]


def test_a_session_outlives_the_process_that_logged_in(shop: RunningShop, tmp_path: Path) -> None:
    """The cookie file takes the session to an exchange that never logged in."""
    catalogue = catalogue_of(shop.url, FORM)
    jar = RequestsCookieJar()
    log_in(Exchange(catalogue, cookies=jar), catalogue, credentials_of(catalogue, RIGHT))
    CookieFile(tmp_path / "cookies.json").save(jar)
    later = Exchange(catalogue, cookies=CookieFile(tmp_path / "cookies.json").load())
    assert not session_has_expired(catalogue, later.get(shop.url + LISTING))


def test_a_session_that_expires_is_noticed_and_renewed(shop: RunningShop) -> None:
    shop.control(session_requests=2)
    catalogue = catalogue_of(shop.url, FORM)
    exchange = Exchange(catalogue, cookies=RequestsCookieJar())
    for _ in range(2):
        log_in(exchange, catalogue, credentials_of(catalogue, RIGHT))
        assert not session_has_expired(catalogue, exchange.get(shop.url + LISTING))
        assert session_has_expired(catalogue, exchange.get(shop.url + LISTING))


@pytest.mark.parametrize(
    ("login", "path"),
    [(BASIC, "/members/basic/products"), (BEARER, "/members/token/products")],
    ids=["basic", "bearer"],
)
def test_an_authorization_header_opens_the_members_area(
    shop: RunningShop, login: dict[str, str], path: str
) -> None:
    catalogue = catalogue_of(shop.url, login)
    right = credentials_of(catalogue, RIGHT).authorization
    answer = Exchange(catalogue, authorization=right).get(shop.url + path)
    assert isinstance(answer, Response)
    wrong = credentials_of(catalogue, WRONG).authorization
    with pytest.raises(FetchError) as caught:
        Exchange(catalogue, authorization=wrong).get(shop.url + path)
    error = refused_authorization(catalogue, caught.value)
    assert error is not None
    assert "did not accept the login" in str(error)
    assert not session_has_expired(catalogue, caught.value)


@pytest.mark.parametrize("login", [FORM, BASIC, BEARER], ids=lambda login: login["kind"])
def test_a_missing_variable_is_named_without_the_others_values(login: dict[str, str]) -> None:
    catalogue = catalogue_of("http://shop.example", login)
    names = {value for key, value in login.items() if key.endswith("_env")}
    for missing in names:
        for environ in (
            {name: value for name, value in RIGHT.items() if name != missing},
            RIGHT | {missing: ""},
            RIGHT | {missing: "a\r\nInjected: header"},
        ):
            with pytest.raises(LoginError, match=missing) as caught:
                credentials_of(catalogue, environ)
            assert not any(value in str(caught.value) for value in RIGHT.values())


FIELDS = '<input name="username"><input name="password" type="password">'
POST_FORM = f'<form class="login-form" method="post">{FIELDS}</form>'


class Site:
    """What a small site answers: by method, a status, headers and a body."""

    def __init__(self, **answers: tuple[int, dict[str, str], str]) -> None:
        self.answers = answers
        self.requests: list[str] = []


@contextmanager
def serving(site: Site) -> Iterator[str]:
    def answer(request: Request) -> Reply:
        site.requests.append(f"{request.method} {request.path}")
        status, headers, text = site.answers[request.method]
        return Reply(text.replace("{received}", request.body.decode()).encode(), status, headers)

    with answering(answer) as url:
        yield url


def failed_login(site: Site, login: dict[str, str] = FORM) -> BaseException:
    """Log in with a secret password at `site` and return the error."""
    with serving(site) as url:
        catalogue = catalogue_of(url, login)
        exchange = Exchange(catalogue, cookies=RequestsCookieJar())
        with pytest.raises((LoginError, FetchError)) as caught:
            log_in(exchange, catalogue, credentials_of(catalogue, WRONG))
    return caught.value


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("<p>Come back later</p>", "no form was found"),
        (f'<form class="login-form">{FIELDS}</form>', "password into a URL"),
        ('<form class="login-form" method="post"><input name="mail"></form>', "it has mail"),
        (
            f'<form class="login-form" method="post" action="http://evil.example/">{FIELDS}</form>',
            "send the credentials elsewhere",
        ),
    ],
    ids=["no form", "GET", "other fields", "another site"],
)
def test_a_form_that_cannot_be_used_sends_no_credentials(page: str, problem: str) -> None:
    site = Site(GET=(200, {}, page))
    error = failed_login(site)
    assert isinstance(error, LoginError)
    assert problem in str(error)
    assert site.requests == ["GET /members/login"]


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_form_answered_with_a_refusal_is_a_refused_login(status: int) -> None:
    error = failed_login(Site(GET=(200, {}, POST_FORM), POST=(status, {}, "No")))
    assert isinstance(error, LoginError)
    assert f"HTTP {status}" in str(error)


def test_the_error_selector_tells_a_refusal_on_any_page() -> None:
    """Also where the form goes to an address of its own, which then is not the login page."""
    form = POST_FORM.replace("<form", '<form action="/enter"')
    site = Site(GET=(200, {}, form), POST=(200, {}, '<p class="wrong">Wrong password</p>'))
    error = failed_login(site, FORM | {"error": ".wrong"})
    assert isinstance(error, LoginError)
    assert "login.error" in str(error)


def test_an_answer_that_cannot_be_read_is_no_login() -> None:
    site = Site(GET=(200, {}, POST_FORM), POST=(200, {}, "<div>" * 6_000))
    error = failed_login(site, FORM | {"logged_in": "div"})
    assert isinstance(error, LoginError)
    assert "cannot be read" in str(error)


def test_a_server_in_trouble_is_no_refused_login() -> None:
    """The crawl may try again later: nothing was said about the credentials."""
    error = failed_login(Site(GET=(200, {}, POST_FORM), POST=(502, {}, "Bad gateway")))
    assert isinstance(error, FetchError)
    assert error.kind == "status_5xx"


def test_a_login_that_redirects_in_circles_ends() -> None:
    site = Site(GET=(302, {"Location": "/members/login"}, ""))
    error = failed_login(site)
    assert isinstance(error, LoginError)
    assert "redirected more than 5 times" in str(error)
    assert len(site.requests) == 6


def test_a_login_is_not_redirected_to_another_site() -> None:
    site = Site(GET=(200, {}, POST_FORM), POST=(302, {"Location": "http://evil.example/"}, ""))
    error = failed_login(site)
    assert isinstance(error, FetchError)
    assert error.kind == "redirect_refused"


def test_whoever_is_logged_in_already_sends_no_credentials() -> None:
    site = Site(GET=(200, {}, f'<a class="logout">Bye</a>{POST_FORM}'))
    with serving(site) as url:
        catalogue = catalogue_of(url, FORM | {"logged_in": "a.logout"})
        exchange = Exchange(catalogue, cookies=RequestsCookieJar())
        log_in(exchange, catalogue, credentials_of(catalogue, RIGHT))
    assert site.requests == ["GET /members/login"]


@pytest.mark.parametrize("body", ["{received}", "{received}\x00" + "<p>" * 100_000])
def test_a_site_that_sends_the_password_back_does_not_get_it_into_an_error(
    body: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither into the message nor into the traceback of the error and its causes, nor a log."""
    caplog.set_level(logging.DEBUG)
    for status in (200, 403, 500):
        site = Site(GET=(200, {}, POST_FORM), POST=(status, {"X-Echo": WRONG_PASSWORD}, body))
        error = failed_login(site, FORM | {"logged_in": ".never"})
        said = "".join(traceback.format_exception(error)) + repr(error)
        assert WRONG_PASSWORD not in said
    assert WRONG_PASSWORD not in caplog.text


def test_no_secret_is_in_any_repr() -> None:
    for login in (FORM, BASIC, BEARER):
        catalogue = catalogue_of("http://shop.example", login)
        credentials = credentials_of(catalogue, WRONG)
        assert WRONG_PASSWORD not in repr(credentials)
        assert str(credentials.authorization) not in repr(credentials)
        assert pickle.loads(pickle.dumps(credentials)) == credentials


def test_the_fields_of_a_login_request_are_not_in_its_repr() -> None:
    catalogue = catalogue_of("http://shop.example", FORM)
    steps = login_steps(catalogue, credentials_of(catalogue, WRONG))
    request = next(steps)
    page = Response(request.url, 200, "text/html", Validators(), POST_FORM.encode(), 1, 0.0)
    request = steps.send(page)
    assert (("password", WRONG_PASSWORD)) in (request.fields or ())
    assert WRONG_PASSWORD not in repr(request)


def answer(url: str, status: int = 200, body: bytes = b"<p>Hello</p>") -> Response:
    return Response(url, status, "text/html", Validators(), body, len(body), 0.0)


SITE = "http://shop.example"


@pytest.mark.parametrize(
    ("what_came", "selector", "has_expired"),
    [
        (Redirect(SITE + LISTING, "/members/login?next=%2Fx", 302), None, True),
        (Redirect(SITE + LISTING, SITE + "/members/login/", 302), None, True),
        (Redirect(SITE + LISTING, "/members/products/1", 301), None, False),
        (Redirect(SITE + LISTING, "http://other.example/members/login", 302), None, False),
        (FetchError("no", kind="status_401_403", url=SITE, http_status=401), None, True),
        (FetchError("no", kind="status_401_403", url=SITE, http_status=403), None, False),
        (FetchError("no", kind="timeout", url=SITE), None, False),
        (answer(SITE + LISTING), None, False),
        (answer(SITE + "/members/login"), None, True),
        (answer(SITE + LISTING), "a.logout", True),
        (answer(SITE + LISTING, body=b"<a class=logout>Bye</a>"), "a.logout", False),
        (answer(SITE + LISTING, 304, b""), "a.logout", False),
        (answer(SITE + LISTING, body=b""), "a.logout", False),
    ],
)
def test_what_shows_that_a_session_has_expired(
    what_came: Any, selector: str | None, has_expired: bool
) -> None:
    login = FORM | ({"logged_in": selector} if selector else {})
    assert session_has_expired(catalogue_of(SITE, login), what_came) is has_expired


BY_ROUTE = "/i.php?route=account/login"
LISTED = {"page_url": "/i.php?route=list&page={page}"}
LINKED = {
    "page_url": "/",
    "last_page": None,
    "pages": {"kind": "linked", "next": {"select": "a.next"}},
}
DISCOVERED = {
    "page_url": "{listing_url}&page={page}",
    "discover": {"page": "/", "select": "nav a", "pattern": "cat=([a-z]+)$"},
}


@pytest.mark.parametrize(
    ("options", "page", "path", "has_expired"),
    [
        (LISTED, BY_ROUTE, "/i.php?route=list&page=2", False),
        (LISTED, BY_ROUTE, "/i.php?back=2&route=account/login", True),
        ({"page_url": "/list?page={page}"}, BY_ROUTE, "/i.php?route=other", True),
        (LINKED, BY_ROUTE, "/i.php?route=list&page=2", False),
        (LINKED, BY_ROUTE, "/i.php?back=2&route=account/login", True),
        (DISCOVERED, BY_ROUTE, "/i.php?cat=phones&page=2", False),
        (DISCOVERED, BY_ROUTE, "/i.php?route=account/login", True),
        ({"page_url": "/i.php?page={page}"}, "/i.php?login", "/i.php?page=2", False),
        ({"page_url": "/i.php?page={page}"}, "/i.php?login", "/i.php?login&back=2", True),
    ],
)
def test_a_login_page_with_the_path_of_a_listing_page_is_told_from_it_by_its_query(
    options: dict[str, object], page: str, path: str, has_expired: bool
) -> None:
    catalogue = catalogue_of(SITE, FORM | {"page": page}, **options)
    assert session_has_expired(catalogue, answer(SITE + path)) is has_expired
    assert session_has_expired(catalogue, Redirect(SITE + LISTING, path, 302)) is has_expired


def test_without_a_login_form_no_session_expires() -> None:
    redirect = Redirect(SITE + LISTING, "/members/login", 302)
    for login in (None, BASIC, BEARER):
        assert not session_has_expired(catalogue_of(SITE, login), redirect)


def test_a_login_is_sent_in_the_charset_of_its_page() -> None:
    """As a browser does: a name of Cyrillic letters is bytes of windows-1251 to such a site."""
    form = """<form method="post" action="/in"><input name="имя"><input name="password">
        <input type="hidden" name="token" value="вход"></form>""".encode("cp1251")

    def script(visit: Visit) -> None:
        if visit.path == "/in":
            visit.send(page(b"<a class=logout>out</a>"))
        else:
            visit.send(page(form, "Content-Type: text/html; charset=windows-1251"))

    login = FORM | {"form": "form", "username_field": "имя", "logged_in": ".logout"}
    with raw_server(script) as server:
        catalogue = catalogue_of(server.url, login)
        environ = {"SHOP_USER": "Иван €", "SHOP_PASSWORD": "пароль ☃"}
        exchange = Exchange(catalogue, cookies=RequestsCookieJar())
        log_in(exchange, catalogue, credentials_of(catalogue, environ))
    _, _, body = server.heads[1].partition("\r\n\r\n")
    sent = parse_qsl(body, encoding="cp1251")
    assert sent == [("имя", "Иван €"), ("password", "пароль &#9731;"), ("token", "вход")]
