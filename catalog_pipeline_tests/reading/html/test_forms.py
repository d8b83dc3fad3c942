"""Login forms as a browser would send them."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.forms import Form, page_matches, read_form
from catalog_pipeline.reading.html.selectors import Selector, page_selector

URL = "https://shop.example/members/login?next=/x"
HTML = "text/html; charset=utf-8"


def selector(text: str = "form") -> Selector:
    return page_selector("shop", "login.form", text)


def form_of(inner: str, attributes: str = 'method="post"', around: str = "") -> Form:
    body = f"<html><head>{around}</head><body><form {attributes}>{inner}</form></body></html>"
    return read_form(body.encode(), HTML, URL, selector())


@pytest.mark.parametrize(
    ("inner", "fields"),
    [
        ('<input type="hidden" name="csrf" value="a&amp;b">', (("csrf", "a&b"),)),
        ('<input name="user"><input type="password" name="pass">', (("user", ""), ("pass", ""))),
        ('<input type="checkbox" name="stay">', ()),
        ('<input type="checkbox" name="stay" checked>', (("stay", "on"),)),
        ('<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>',
         (("r", "2"),)),
        ('<input name="a" value="1" disabled><input value="nameless">', ()),
        ('<textarea name="t">some\ntext</textarea>', (("t", "some\ntext"),)),
        ('<select name="s"><option>one<option value="2">two</select>', (("s", "one"),)),
        ('<select name="s"><option>one<option value="2" selected>two</select>', (("s", "2"),)),
        ('<select name="s" multiple><option>one</select>', ()),
        ('<input type="submit" name="go" value="Log in"><button name="other" value="x">',
         (("go", "Log in"),)),
        ('<button type="button" name="show" value="1"></button>', ()),
        ('<input type="file" name="f"><input type="reset" name="r"><input type="image" name="i">',
         ()),
        ('<div><p><input type="hidden" name="deep" value="\u00e9"></p></div>',
         (("deep", "\u00e9"),)),
    ],
)  # fmt: skip
def test_a_form_sends_what_a_browser_would(inner: str, fields: tuple[tuple[str, str], ...]) -> None:
    assert form_of(inner).fields == fields


@pytest.mark.parametrize(
    ("attributes", "around", "action"),
    [
        ('action="/enter"', "", "https://shop.example/enter"),
        ('action="enter?a=1&amp;b=2"', "", "https://shop.example/members/enter?a=1&b=2"),
        ('action="https://id.example/enter"', "", "https://id.example/enter"),
        ("", "", URL),
        ('action=""', "", URL),
        ('action="enter"', '<base href="/other/">', "https://shop.example/other/enter"),
    ],
)
def test_the_action_is_resolved_as_a_browser_does(
    attributes: str, around: str, action: str
) -> None:
    assert form_of("", attributes, around).action == action


@pytest.mark.parametrize(
    ("attributes", "method"), [('method="POST"', "post"), ("", "get"), ('method=" get "', "get")]
)
def test_the_method_is_in_lower_case_and_get_by_default(attributes: str, method: str) -> None:
    assert form_of("", attributes).method == method


def test_controls_elsewhere_on_the_page_may_belong_to_the_form() -> None:
    body = (
        b'<input form="login" name="outside" value="1"><input name="stray" value="2">'
        b'<form id="login"><input name="inside" value="3"><input form="x" name="lent"></form>'
    )
    assert read_form(body, HTML, URL, selector()).names == ("outside", "inside")


def test_the_selector_chooses_between_forms() -> None:
    body = b'<form class="search"></form><form class="login"><input name="user"></form>'
    assert read_form(body, HTML, URL, selector("form.login")).names == ("user",)
    assert read_form(body, HTML, URL, selector("//form[2]")).names == ("user",)


@pytest.mark.parametrize(
    ("body", "chosen", "problem"),
    [
        (b"<p>Closed</p>", "form", "no form was found"),
        (b"<div class=login><form></form></div>", ".login", "no <form>"),
        (b"", "form", "empty"),
        (b"<form>\xfa\xfb</form>", "form", "utf-8"),
    ],
)
def test_a_page_without_the_form_says_so(body: bytes, chosen: str, problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        read_form(body, HTML, URL, selector(chosen))


def test_filling_in_keeps_order_and_hidden_values() -> None:
    form = form_of('<input type="hidden" name="t" value="x"><input name="u"><input name="p">')
    filled = form.filled_in({"p": "secret", "u": "me"})
    assert filled == (("t", "x"), ("u", "me"), ("p", "secret"))


def test_hidden_values_are_not_in_the_repr() -> None:
    assert "token-1" not in repr(form_of('<input type="hidden" name="t" value="token-1">'))


@pytest.mark.parametrize(
    ("text", "matches"),
    [("a.logout", True), ("//a[@class='logout']", True), ("count(//a) > 2", False), (".x", False)],
)
def test_a_page_matches_by_css_or_xpath(text: str, matches: bool) -> None:
    selectors = [selector("xpath:" + text if text.startswith("count") else text)]
    assert page_matches(b"<a class=logout>Bye</a>", HTML, selectors) is matches


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    """Only the project's own error, whatever a site sends as its login page."""
    with contextlib.suppress(ParseError):
        read_form(b"<form method=post>" + noise, None, URL, selector())


@pytest.mark.parametrize(
    ("content_type", "attributes", "charset"),
    [
        ("text/html; charset=windows-1251", "", "windows-1251"),
        ("text/html; charset=iso-8859-1", "", "windows-1252"),
        ("text/html", "", "utf-8"),
        ("text/html; charset=windows-1251", 'accept-charset="nonsense koi8-r utf-8"', "koi8-r"),
        ("text/html; charset=windows-1251", 'accept-charset="nonsense"', "windows-1251"),
        ("text/html; charset=windows-1251", 'accept-charset="UTF-16"', "utf-8"),
    ],
)
def test_a_form_is_sent_in_the_charset_of_its_page_or_the_one_it_accepts(
    content_type: str, attributes: str, charset: str
) -> None:
    body = f"""<form method="post" {attributes}><input name="user">
        <input type="hidden" name="_charset_"></form>"""
    form = read_form(body.encode(), content_type, URL, selector())
    assert form.charset == charset
    assert dict(form.fields)["_charset_"] == charset
