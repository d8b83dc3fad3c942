"""The members' area: the same listing behind a form login, HTTP basic, and a bearer token.

Belongs here: who may see a members' listing, and sessions that expire.
Does not belong here: the listing itself (see listings).
"""

import base64
import binascii
import hmac
import secrets
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from catalog_pipeline.sandbox import markup
from catalog_pipeline.sandbox.broken_answers import WholePage, broken_answer
from catalog_pipeline.sandbox.faults import LOGIN
from catalog_pipeline.sandbox.listings import listing_answer
from catalog_pipeline.sandbox.shop import Shop
from catalog_pipeline.sandbox.traffic import Traffic

LOGIN_PATH = "/members/login"
LISTING_PATH = "/members/products"
BASIC_PATH = "/members/basic/products"
TOKEN_PATH = "/members/token/products"  # noqa: S105 - an address
SESSION_COOKIE = "shop_session"
VISIT_COOKIE = "shop_visit"
WRONG_CREDENTIALS = "Name or password is wrong."
FORM_EXPIRED = "The form has expired. Please try again."


class Sessions:
    """Live sessions with the number of requests each has left, and the forms' CSRF tokens."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._left: dict[str, int | None] = {}

    def open(self, requests: int | None) -> str:
        """Start a session for so many requests (None: without end) and return its key."""
        key = secrets.token_urlsafe(24)
        self._left[key] = requests
        return key

    def use(self, key: str) -> bool:
        """Spend one request of a session; False if there is no such session or it has expired."""
        left = self._left.get(key, 0)
        if left == 0:
            self._left.pop(key, None)
            return False
        if left is not None:
            self._left[key] = left - 1
        return True

    def expire_all(self) -> None:
        """End every session now."""
        self._left.clear()

    def csrf_token(self, visit: str) -> str:
        """Return the token that a form must send back in the same visit."""
        return hmac.new(self._secret, visit.encode(), "sha256").hexdigest()


class MembersArea:
    """The endpoints of the members' area."""

    def __init__(self, shop: Shop, traffic: Traffic, sessions: Sessions) -> None:
        self.shop = shop
        self.traffic = traffic
        self.sessions = sessions

    def routes(self) -> list[Route]:
        """Return the area's routes."""
        return [
            Route(LOGIN_PATH, self.show_form, methods=["GET"]),
            Route(LOGIN_PATH, self.log_in, methods=["POST"]),
            Route(LISTING_PATH, self.session_listing),
            Route(BASIC_PATH, self.basic_listing),
            Route(TOKEN_PATH, self.token_listing),
        ]

    async def show_form(self, request: Request) -> ASGIApp:
        """Show an empty login form, or the fault that is set for it."""
        form = self._form(request, request.query_params.get("next", LISTING_PATH))
        fault = self.shop.take_fault(LOGIN)
        if fault is None:
            return form
        body = bytes(form.body)
        return broken_answer(fault, WholePage(body, body, body, LOGIN_PATH, LOGIN_PATH))

    async def log_in(self, request: Request) -> Response:
        """Check the form's token and the credentials, and open a session."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        username, password, token, next_path = (
            form.get(name, [""])[0] for name in ("username", "password", "csrf_token", "next")
        )
        self.traffic.logins[username] += 1
        expected = self.sessions.csrf_token(request.cookies.get(VISIT_COOKIE, ""))
        if not _same(token, expected):
            self.traffic.refused_logins[username] += 1
            return self._form(request, next_path, FORM_EXPIRED, status=403)
        if not self._is_member(username, password):
            self.traffic.refused_logins[username] += 1
            return self._form(request, next_path, WRONG_CREDENTIALS)
        is_inside = next_path.startswith("/members/")
        answer = RedirectResponse(next_path if is_inside else LISTING_PATH, status_code=303)
        key = self.sessions.open(self.shop.session_requests)
        answer.set_cookie(SESSION_COOKIE, key, httponly=True, samesite="lax")
        return answer

    async def session_listing(self, request: Request) -> ASGIApp:
        """Show the listing to whoever has a live session, the login to everybody else."""
        if self.sessions.use(request.cookies.get(SESSION_COOKIE, "")):
            return listing_answer(request, self.shop, self.traffic, LISTING_PATH)
        wanted = f"{LISTING_PATH}?{request.url.query}" if request.url.query else LISTING_PATH
        return RedirectResponse(f"{LOGIN_PATH}?{urlencode({'next': wanted})}", status_code=302)

    async def basic_listing(self, request: Request) -> ASGIApp:
        """Show the listing to whoever sends the credentials by HTTP basic."""
        username, password = _basic_credentials(request)
        if self._is_member(username, password):
            return listing_answer(request, self.shop, self.traffic, BASIC_PATH)
        return _unauthorised('Basic realm="Practice shop"')

    async def token_listing(self, request: Request) -> ASGIApp:
        """Show the listing to whoever sends the bearer token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(token, self.shop.settings.member_token):
            return listing_answer(request, self.shop, self.traffic, TOKEN_PATH)
        return _unauthorised('Bearer realm="Practice shop"')

    def _form(
        self, request: Request, next_path: str, error: str | None = None, status: int = 200
    ) -> Response:
        visit = request.cookies.get(VISIT_COOKIE) or secrets.token_urlsafe(16)
        html = markup.login_page(self.sessions.csrf_token(visit), next_path, error)
        answer = HTMLResponse(html, status_code=status)
        answer.set_cookie(VISIT_COOKIE, visit, httponly=True, samesite="lax")
        return answer

    def _is_member(self, username: str, password: str) -> bool:
        settings = self.shop.settings
        return _same(username, settings.member_username) and _same(
            password, settings.member_password
        )


def _basic_credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    username, _, password = text.partition(":")
    return username, password


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _unauthorised(challenge: str) -> Response:
    html = markup.message_page("Members only", "Please send your credentials.")
    return HTMLResponse(html, status_code=401, headers={"WWW-Authenticate": challenge})
