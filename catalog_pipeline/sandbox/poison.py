"""Pages made to harm or fool whoever reads them, by the names that a fault gives them.

Belongs here: what such a page holds, made out of the good one. None of them is a listing page that
a catalogue of the shop could read. Does not belong here: answers that break HTTP itself
(see broken_answers), and when a fault strikes (see shop).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

import brotli
import zstandard

_MEBIBYTE = 1024 * 1024
_ESCAPES = "\x1b[2J\x1b]0;evil\x07\u202e![x](http://198.51.100.1/t.png)<script>alert(1)</script>"


@dataclass(frozen=True)
class Poisonous:
    """An answer in place of a good page."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    content_type: str = "text/html; charset=utf-8"


Make = Callable[[bytes], Poisonous]
"""The poisonous answer in place of a page with that body."""


def _whole(text: str | bytes) -> Make:
    """A page that holds nothing of the good one."""
    body = text.encode() if isinstance(text, str) else text
    return lambda page: Poisonous(body)


def _before(text: str, times: int = 1) -> Make:
    """The good page with something before its products."""
    return lambda page: Poisonous(page.replace(b"<main>", b"<main>" + text.encode() * times, 1))


def _instead(old: str, new: str | bytes) -> Make:
    """The good page in whose first product something is exchanged."""
    put = new.encode() if isinstance(new, str) else new

    def make(page: bytes) -> Poisonous:
        head, mark, products = page.partition(b'<article class="product-card"')
        start = products.index(old.encode())
        end = start + len(old.encode())
        return Poisonous(head + mark + products[:start] + put + products[end:])

    return make


def _price(text: str) -> Make:
    """The good page whose first price is some text."""
    return _instead('<span class="price">', f'<span class="price">{text}</span><span>')


def _name(text: str | bytes) -> Make:
    """The good page whose first product has that name."""
    put = text.encode() if isinstance(text, str) else text

    def make(page: bytes) -> Poisonous:
        head, mark, rest = page.partition(b'<h2 class="product-name"><a href="')
        address, _, rest = rest.partition(b'">')
        return Poisonous(head + mark + address + b'">' + put + rest[rest.index(b"</a>") :])

    return make


def _link(address: str) -> Make:
    def make(page: bytes) -> Poisonous:
        head, mark, rest = page.partition(b'<h2 class="product-name"><a href="')
        return Poisonous(head + mark + address.encode() + rest[rest.index(b'"') :])

    return make


def _recoded(charset: str, label: str) -> Make:
    """The good page in one charset, called by another's name."""
    return lambda page: Poisonous(
        page.decode().encode(charset, "replace"), content_type=f"text/html; charset={label}"
    )


def _redirect(address: str) -> Make:
    return lambda page: Poisonous(b"", {"Location": address}, 302)


@cache
def _packed(encoding: str) -> bytes:
    zeros = bytes(64 * _MEBIBYTE)
    pack: Mapping[str, Callable[[], bytes]] = {
        "gzip": lambda: gzip.compress(zeros, 1),
        "deflate": lambda: zlib.compress(zeros, 1),
        "br": lambda: brotli.compress(zeros, quality=1),
        "zstd": lambda: zstandard.ZstdCompressor().compress(zeros),
        "gzip, gzip": lambda: gzip.compress(gzip.compress(zeros, 1)),
    }
    return pack[encoding]()


def _bomb(encoding: str, page: bytes) -> Poisonous:
    return Poisonous(_packed(encoding), {"Content-Encoding": encoding})


def _cut_gzip(page: bytes) -> Poisonous:
    return Poisonous(gzip.compress(page)[:-40], {"Content-Encoding": "gzip"})


def _long(page: bytes) -> Poisonous:
    return Poisonous(page + b" " * (12 * _MEBIBYTE))


def _zipped(beginning: bytes) -> Make:
    """A page of 12 MiB, too long to be sent as it is."""

    def make(page: bytes) -> Poisonous:
        text = beginning + b"x" * (12 * _MEBIBYTE)
        return Poisonous(gzip.compress(text, 1), {"Content-Encoding": "gzip"})

    return make


def _of_type(content_type: str) -> Make:
    return lambda page: Poisonous(page, content_type=content_type)


_ATTRIBUTES = " ".join(f"a{number}=1" for number in range(3_000))
_CARD = '<article class="product-card" data-product-id="1">'

POISON: Mapping[str, Make] = {
    # Markup that would exhaust a parser.
    "deep-divs": _before("<div>", 100_000),
    "deep-tables": _before("<table><tr><td>", 20_000),
    "deep-formats": _before("<b><i>", 10_000),
    "deep-lists": _before("<ul><li>", 20_000),
    "deep-products": _before(_CARD, 200),
    "deep-forms": _before("<fieldset>", 30_000),
    "many-attributes": _before(f"<div {_ATTRIBUTES} {'x' * 70_000}>"),
    "quoted-attributes": _before(f'<div x=">" {_ATTRIBUTES} y="{"x" * 70_000}">'),
    "script-attributes": _before(f"<script>i<b c='</script><div {_ATTRIBUTES} z='{'x' * 70_000}'>"),
    "many-tags": _before("<br>", 500_001),
    "long-text": _zipped(b"<p>"),
    "long-attribute": _zipped(b"<p title='"),
    "slow-selector": _before("<i></i>", 60_000),
    "slow-pattern": _name("a b " * 1_000 + "!"),
    # Markup that swallows the products.
    "open-comment": _before("<!-- "),
    "open-script": _before("<script>"),
    "open-style": _before("<style>"),
    "open-title": _before("<title>"),
    "open-textarea": _before("<textarea>"),
    "only-comment": _whole("<!-- nothing -->"),
    "only-blanks": _whole(" \n" * 2_000),
    "only-nuls": _whole(b"\0" * 4_000),
    "only-escapes": _whole(f"<title>{_ESCAPES}</title>{_ESCAPES}"),
    "nothing": _whole(b""),
    "refresh": _whole("<meta http-equiv=refresh content='0;url=http://198.51.100.1/'>"),
    "challenge": _whole("<title>Just a moment...</title>Checking your browser"),
    "frameset": _whole("<frameset><frame src='javascript:alert(1)'></frameset>"),
    "script-only": _whole("<div id=root></div><script>for(;;);</script>"),
    # Bytes that are no text in the charset they claim.
    "utf-16-unmarked": _recoded("utf-16-le", "utf-8"),
    "utf-7": lambda page: Poisonous(page.decode().encode("utf-7").replace(b"<", b"+ADw-")),
    "ebcdic": _recoded("cp037", "utf-8"),
    "iso-2022-unmarked": lambda page: Poisonous(b"\x1b$B\x25\x46\x1b(B" + page),
    "odd-utf-16": lambda page: Poisonous(b"\xff\xfe" + page),
    "stray-byte": _name(b"Caf\xe9"),
    "overlong-utf-8": _name(b"A\xc0\xafB"),
    "surrogates": _name(b"A\xed\xa0\x80B"),
    "cut-character": _name(b"A\xe2\x82"),
    # Bodies that are not what they say.
    "gzip-bomb": partial(_bomb, "gzip"),
    "deflate-bomb": partial(_bomb, "deflate"),
    "brotli-bomb": partial(_bomb, "br"),
    "zstd-bomb": partial(_bomb, "zstd"),
    "double-bomb": partial(_bomb, "gzip, gzip"),
    "cut-gzip": _cut_gzip,
    "no-gzip": lambda page: Poisonous(page, {"Content-Encoding": "gzip"}),
    "long-body": _long,
    "pdf": _of_type("application/pdf"),
    "picture": _of_type("image/png"),
    "json": _of_type("application/json"),
    # Redirects to where no page is.
    "redirect-to-file": _redirect("file:///etc/passwd"),
    "redirect-to-script": _redirect("javascript:alert(1)"),
    "redirect-to-data": _redirect("data:text/html,<p>x"),
    "redirect-to-itself": _redirect("?"),
    "redirect-far": _redirect("/" + "x" * 9_000),
    # Values that are none.
    "huge-price": _price("$" + "9" * 400),
    "negative-words": _price("minus one"),
    "two-prices": _price("$1.00 or $2.00"),
    "escapes-in-price": _price(_ESCAPES),
    "exponent-price": _price("$1e999999999"),
    "long-name": _name("x" * (2 * _MEBIBYTE)),
    "script-link": _link("javascript:alert(1)"),
    "data-link": _link("data:text/html,x"),
    "file-link": _link("file:///etc/passwd"),
    "huge-number": _instead("data-product-id=", f'data-product-id="{"9" * 5000}" data-x='),
    "no-number": _instead("data-product-id=", 'data-product-id="\u202e1" data-x='),
}
"""Every kind of poisonous page, by its name."""
