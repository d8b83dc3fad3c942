"""The members' area: form login with a CSRF token, expiring sessions, basic and bearer."""

import base64
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from lxml import html

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.sandbox.conftest import Answer, Ask

FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


def _log_in(ask: Ask, *, password: str = "practice", token: str | None = None) -> Answer:
    shown = ask("/members/login?" + urlencode({"next": "/members/products?page=2"}))
    (form,) = html.fromstring(shown.text).forms
    fields = dict(form.form_values()) | {"username": "member", "password": password}
    if token is not None:
        fields["csrf_token"] = token
    headers = FORM_TYPE | {"Cookie": shown.headers["Set-Cookie"].partition(";")[0]}
    return ask(form.action, method="POST", headers=headers, body=urlencode(fields))


def _session(answer: Answer) -> dict[str, str]:
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def test_without_a_session_one_is_sent_to_the_login(shop: RunningShop, ask: Ask) -> None:
    answer = ask("/members/products?page=2")
    target = urlsplit(answer.headers["Location"])
    assert (answer.status, target.path) == (302, "/members/login")
    assert parse_qs(target.query) == {"next": ["/members/products?page=2"]}
    assert shop.hits()["pages"] == {}


def test_a_login_opens_the_listing(shop: RunningShop, ask: Ask) -> None:
    answer = _log_in(ask)
    assert (answer.status, answer.headers["Location"]) == (303, "/members/products?page=2")
    page = ask("/members/products?page=2", headers=_session(answer))
    assert page.text.count('class="product-card"') == 20
    assert "/members/products?page=3" in page.text
    hits = shop.hits()
    assert (hits["pages"], hits["logins"], hits["refused_logins"]) == ({"2": 1}, {"member": 1}, {})


def test_the_login_page_can_be_broken_too(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["login=503(7):1"])
    answer = ask("/members/login")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert _log_in(ask).status == 303


def test_wrong_credentials_are_told_and_counted(shop: RunningShop, ask: Ask) -> None:
    answer = _log_in(ask, password="wrong")
    (error,) = html.fromstring(answer.text).find_class("login-error")
    assert (answer.status, error.text) == (200, "Name or password is wrong.")
    assert ask("/members/products", headers=_session(answer)).status == 302
    hits = shop.hits()
    assert (hits["logins"], hits["refused_logins"]) == ({"member": 1}, {"member": 1})


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_login_without_the_forms_token_is_refused(ask: Ask, token: str) -> None:
    answer = _log_in(ask, token=token)
    assert answer.status == 403
    assert "login-error" in answer.text


def test_a_token_of_another_visit_is_refused(ask: Ask) -> None:
    (form,) = html.fromstring(ask("/members/login").text).forms
    assert _log_in(ask, token=form.fields["csrf_token"]).status == 403


def test_a_login_leads_to_no_other_site(ask: Ask) -> None:
    shown = ask("/members/login?next=http://198.51.100.1/")
    (form,) = html.fromstring(shown.text).forms
    fields = dict(form.form_values()) | {"username": "member", "password": "practice"}
    answer = ask(
        form.action, method="POST", headers=FORM_TYPE | _session(shown), body=urlencode(fields)
    )
    assert answer.headers["Location"] == "/members/products"


def test_a_session_expires_after_its_requests(shop: RunningShop, ask: Ask) -> None:
    shop.control(session_requests=3)
    session = _session(_log_in(ask))
    statuses = [ask(f"/members/products?page={n}", headers=session).status for n in range(1, 6)]
    assert statuses == [200, 200, 200, 302, 302]
    assert shop.hits()["pages"] == {"1": 1, "2": 1, "3": 1}
    assert ask("/members/products?page=4", headers=_session(_log_in(ask))).status == 200


def test_all_sessions_can_be_ended(shop: RunningShop, ask: Ask) -> None:
    session = _session(_log_in(ask))
    shop.control(expire_sessions=True)
    assert ask("/members/products", headers=session).status == 302


def test_members_pages_know_faults_and_304s(shop: RunningShop, ask: Ask) -> None:
    session = _session(_log_in(ask))
    shop.control(faults=["3=503:1"])
    assert ask("/members/products?page=3", headers=session).status == 503
    etag = ask("/members/products?page=3", headers=session).headers["ETag"]
    again = ask("/members/products?page=3", headers=session | {"If-None-Match": etag})
    assert again.status == 304


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("/members/basic/products", "Basic member:practice", 200),
        ("/members/basic/products", "Basic member:wrong", 401),
        ("/members/basic/products", "Bearer practice-token", 401),
        ("/members/basic/products", "", 401),
        ("/members/token/products", "Bearer practice-token", 200),
        ("/members/token/products", "Bearer wrong", 401),
        ("/members/token/products", "", 401),
    ],
)
def test_basic_and_bearer_open_their_listing(
    ask: Ask, path: str, authorization: str, status: int
) -> None:
    scheme, _, credentials = authorization.partition(" ")
    if scheme == "Basic":
        credentials = base64.b64encode(credentials.encode()).decode()
    answer = ask(f"{path}?page=2", headers={"Authorization": f"{scheme} {credentials}"})
    assert answer.status == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert (f"{path}?page=3" in answer.text) == (status == 200)


@pytest.mark.parametrize("credentials", ["%%%", "/w==", "bWVtYmVy"])
def test_credentials_that_cannot_be_read_are_refused(ask: Ask, credentials: str) -> None:
    headers = {"Authorization": f"Basic {credentials}"}
    assert ask("/members/basic/products", headers=headers).status == 401
