"""Secret values in all the forms in which a site may send them back, and what is none."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from requests.cookies import RequestsCookieJar, create_cookie

from catalog_pipeline.catalogue.politeness import BasicLogin, BearerLogin, FormLogin
from catalog_pipeline.fetching.secrets import HIDDEN, Secrets
from catalog_pipeline.records import Columns
from catalog_pipeline_tests.tables import shop

TOKEN = 'tök/en+"<5&7>\\ §=🙂-AbCdEfGh'
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded but for slashes": quote,
    "as in a form": quote_plus,
    "percent-encoded in small letters": lambda text: quote(text, safe="").replace("%C3", "%c3"),
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent-encoded throughout": lambda text: "".join(f"%{b:02X}" for b in text.encode()),
    "json": lambda text: json.dumps(text)[1:-1],
    "json in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json within json": lambda text: json.dumps(json.dumps(text))[3:-3],
    "repr": lambda text: repr(text)[1:-1],
    "html": html.escape,
    "html without quotes": lambda text: html.escape(text, quote=False),
    "html by numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "html by hexadecimal numbers": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [TOKEN, "s3cret-s3ssi0n-0123456789", "sEcr3t"])
def test_a_value_is_hidden_in_every_form(form: str, value: str) -> None:
    written = FORMS[form](value)
    text = f"before {written} after"
    hidden = Secrets([value]).hide(text)
    assert hidden == f"before {HIDDEN} after"
    assert Secrets([value]).are_in(text)


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
def test_base64_is_recognised_wherever_the_value_begins_in_it(before: str) -> None:
    value = "s3cret-s3ssi0n-0123456789"
    encoded = base64.b64encode(f"{before}{value}:and more".encode()).decode()
    first, last = Secrets([value]).hide(encoded).split(HIDDEN)
    assert encoded.startswith(first)
    assert encoded.endswith(last)
    assert len(first) <= len(before) * 4 / 3
    assert len(last) <= len(":and more") * 4 / 3 + 2


def test_a_long_value_is_hidden_within_a_word_and_when_it_is_cut_off() -> None:
    secrets = Secrets(["0123456789abcdef0123456789"])
    assert secrets.hide("x0123456789abcdef0123456789x") == f"x{HIDDEN}x"
    assert secrets.hide("found: 0123456789abcdef0…") == f"found: {HIDDEN}…"


def test_escapes_of_escapes_are_recognised() -> None:
    value = 'top"secret-of-the-shop'
    text = value
    for _ in range(4):
        text = json.dumps(text)[1:-1]
        assert Secrets([value]).hide(f"x={text};") == f"x={HIDDEN};"


@pytest.mark.parametrize(
    "text",
    [
        "\\" * 200_000,
        "t\\" * 100_000,
        "&#0" + "0" * 200_000,
        "%25" * 70_000,
        "top-secret-" * 20_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_text_full_of_beginnings_is_searched_in_time_of_its_length(text: str) -> None:
    started = time.process_time()
    assert Secrets(['top-secret-"of"-the-shop']).hide(text) == text
    assert time.process_time() - started < 5


def test_a_short_value_is_hidden_as_a_word_only() -> None:
    secrets = Secrets(["silver"])
    assert secrets.hide("silver, (silver) silver-x_silver") == (
        f"{HIDDEN}, ({HIDDEN}) {HIDDEN}-x_{HIDDEN}"
    )
    assert secrets.hide("silverware quicksilver Silver") == "silverware quicksilver Silver"


@pytest.mark.parametrize("value", ["", "a", "abcde"])
def test_what_is_too_short_to_be_told_is_not_looked_for(value: str) -> None:
    assert Secrets([value]).hide("a abcde") == "a abcde"


def test_of_two_values_the_longer_is_hidden_first() -> None:
    secrets = Secrets(["0123456789ab", "0123456789abcdefgh"])
    assert secrets.hide("0123456789abcdefgh!") == f"{HIDDEN}!"


ENVIRON = {"USER": "me@shop.example", "PASS": "correct horse", "TOKEN": "0123456789abcdef"}
PAIR = base64.b64encode(b"me@shop.example:correct horse").decode()


@pytest.mark.parametrize(
    ("attributes", "texts"),
    [
        (
            {"login": FormLogin(kind="form", page="/in", username_env="USER", password_env="PASS")},
            ["correct horse", "me@shop.example"],
        ),
        (
            {"login": BasicLogin(kind="basic", username_env="USER", password_env="PASS")},
            ["correct horse", PAIR, f"Basic {PAIR}"],
        ),
        ({"login": BearerLogin(kind="bearer", token_env="TOKEN")}, ["Bearer 0123456789abcdef"]),
        ({"headers": {"X-Key": {"env": "TOKEN"}}}, ["0123456789abcdef"]),
        ({"cookies": {"sid": {"env": "TOKEN"}}}, ["sid=0123456789abcdef"]),
    ],
)
def test_the_values_of_a_sites_requests_are_known(
    attributes: dict[str, Any], texts: list[str]
) -> None:
    site = shop.catalogue(**attributes)
    assert all(Secrets.of_site(site, ENVIRON).are_in(text) for text in texts)
    assert not any(Secrets.of_site(site, {}).are_in(text) for text in texts)
    assert not any(Secrets.of_site(shop.catalogue(), ENVIRON).are_in(text) for text in texts)


def test_what_follows_the_word_of_an_authorization_is_secret_by_itself() -> None:
    site = shop.catalogue(headers={"Authorization": {"env": "AUTH"}})
    secrets = Secrets.of_site(site, {"AUTH": "Token 0123456789abcdef"})
    assert secrets.hide("0123456789abcdef, Token x") == f"{HIDDEN}, Token x"


def test_cookies_of_the_session_are_known_as_they_change() -> None:
    jar = RequestsCookieJar()
    secrets = Secrets(session=jar)
    assert not secrets.are_in("sid=0123456789abcdef")
    jar.set_cookie(create_cookie("sid", "0123456789abcdef"))
    jar.set_cookie(create_cookie("theme", "quite-ordinary-words"))
    assert secrets.hide("sid=0123456789abcdef") == f"sid={HIDDEN}"
    assert not secrets.are_in("quite-ordinary-words")
    jar.clear()
    assert not secrets.are_in("sid=0123456789abcdef")


def test_cells_are_hidden_and_counted_and_all_others_kept() -> None:
    secrets = Secrets(["0123456789abcdef"])
    columns: Columns
    columns = {"name": ["a", "x 0123456789abcdef"], "price": ["1.00", None], "stock": [1, True]}
    hidden, count = secrets.hide_in_rows(columns)
    assert hidden == {**columns, "name": ["a", f"x {HIDDEN}"]}
    assert count == 1
    assert Secrets().hide_in_rows(columns) == (columns, 0)


def test_no_value_is_part_of_the_repr() -> None:
    assert "0123456789abcdef" not in repr(Secrets(["0123456789abcdef"]))


def test_secrets_in_lists_are_hidden_too() -> None:
    secrets = Secrets(["0123456789abcdef"])
    columns: Columns = {"images": [["/a", "/0123456789abcdef"], None, ["/b"]]}
    hidden, count = secrets.hide_in_rows(columns)
    assert count == 1
    assert hidden["images"][1:] == [None, ["/b"]]
    assert "0123456789abcdef" not in str(hidden)
