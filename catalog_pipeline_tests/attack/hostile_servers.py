"""Servers whose answers are made to exhaust whoever reads them."""

from __future__ import annotations

import gzip
import zlib
from functools import cache

import brotli
import zstandard
from requests.cookies import RequestsCookieJar

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.robots import RobotsRules
from catalog_pipeline.records import Response
from catalog_pipeline_tests.attack.attacks import MEBIBYTE, Attack, hostile_server
from catalog_pipeline_tests.fetching.raw_server import Visit, catalogue_at, page

_AGENT = "catalog_pipeline/1.0 (+https://you.example)"
_SITE = "https://shop.example"


@cache
def _bomb(path: str) -> bytes:
    zeros = bytes(200 * MEBIBYTE)
    bombs = {
        "/gzip": lambda: gzip.compress(zeros, 1),
        "/deflate": lambda: zlib.compress(zeros, 1),
        "/br": lambda: brotli.compress(zeros, quality=1),
        "/zstd": lambda: zstandard.ZstdCompressor().compress(zeros),
        "/gzip,gzip": lambda: gzip.compress(gzip.compress(zeros, 1)),
    }
    return page(bombs[path](), f"Content-Encoding: {path[1:]}")


def _send_bomb(visit: Visit) -> None:
    visit.send(_bomb(visit.path))


def _send_endlessly(visit: Visit) -> None:
    """A head or a body without end, whole or in drops."""
    heads = {
        "/body": b"HTTP/1.1 200 OK\r\n\r\n",
        "/robots.txt": b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /x\n",
        "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "/headers": b"HTTP/1.1 200 OK\r\n",
        "/interim": b"",
        "/drops": b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n",
    }
    pieces = {
        "/chunks": b"1\r\nx\r\n" * 50_000,
        "/headers": (b"X: " + b"x" * 60_000 + b"\r\n") * 16,
        "/interim": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5000,
    }
    visit.send(heads[visit.path])
    if visit.path == "/drops":
        visit.drip(b"x" * 100_000)
        return
    while True:
        visit.send(pieces.get(visit.path, bytes(MEBIBYTE)))


def _send_cookies(visit: Visit) -> None:
    start = len(visit.server.heads) * 60
    lines = [f"Set-Cookie: c{start + n}={'x' * 3900}; Path=/" for n in range(60)]
    visit.send(page(b"", *lines))


def _send_elsewhere(visit: Visit) -> None:
    visit.send(page(b"", f"Location: /{'x' * 60_000}", status="302 Found"))


def _failure(url: str, *, seconds: float = 60) -> str:
    # A server that takes long to make its bomb on a busy machine is not given up before.
    patience = {"request_timeout_seconds": seconds, "read_timeout_seconds": seconds}
    catalogue = catalogue_at(url, politeness=patience)
    try:
        answer = Exchange(catalogue).get(url)
    except FetchError as error:
        return f"{error.kind}: {error.problem}"
    return f"taken for a page: {answer}"[:100]


def _bomb_at(path: str) -> str:
    with hostile_server(_send_bomb) as url:
        return _failure(url + path)


def gzip_bomb() -> str:
    return _bomb_at("/gzip")


def deflate_bomb() -> str:
    return _bomb_at("/deflate")


def brotli_bomb() -> str:
    return _bomb_at("/br")


def zstandard_bomb() -> str:
    return _bomb_at("/zstd")


def bomb_in_a_bomb() -> str:
    return _bomb_at("/gzip,gzip")


def _endless_at(path: str, *, seconds: float = 60) -> str:
    with hostile_server(_send_endlessly) as url:
        return _failure(url + path, seconds=seconds)


def endless_body() -> str:
    return _endless_at("/body")


def endless_chunks() -> str:
    return _endless_at("/chunks")


def endless_headers() -> str:
    return _endless_at("/headers")


def endless_interim_answers() -> str:
    return _endless_at("/interim")


def body_in_drops() -> str:
    return _endless_at("/drops", seconds=2)


def address_of_60_kb() -> str:
    with hostile_server(_send_elsewhere) as url:
        return _failure(url)


def flood_of_cookies() -> str:
    with hostile_server(_send_cookies) as url:
        jar = RequestsCookieJar()
        exchange = Exchange(catalogue_at(url), cookies=jar)
        for _ in range(30):
            exchange.get(url)
    size = sum(len(cookie.value or "") for cookie in jar)
    return f"{len(jar)} cookies of {size // 1024} KiB kept"


def endless_robots_txt() -> str:
    with hostile_server(_send_endlessly) as url:
        answer = Exchange(catalogue_at(url)).get(f"{url}/robots.txt", is_page=False)
    assert isinstance(answer, Response)
    rules = RobotsRules.from_answer(answer.status, answer.body)
    return _allowed(rules)


def robots_txt_of_agents_times_rules() -> str:
    agents = "".join(f"User-agent: a{number}\n" for number in range(12_000))
    rules = "".join(f"Disallow: /x{number}\n" for number in range(12_000))
    return _allowed(_rules(f"{agents}User-agent: *\n{rules}Disallow: /x\n"))


def robots_txt_of_wildcards() -> str:
    rules = "".join(f"Disallow: /{number}{'*a' * 50}b\n" for number in range(4000))
    return _allowed(_rules(f"User-agent: *\n{rules}Disallow: /x\nDisallow: /{'*p' * 100}q\n"))


def robots_txt_of_endless_pauses() -> str:
    wishes = "\n".join(["Crawl-delay: 1e300", f"Request-rate: 1/{'9' * 4000}", "Crawl-delay: nan"])
    delay = _rules(f"User-agent: *\n{wishes}\n").delay_seconds(_AGENT)
    return f"{delay} seconds, which a crawl refuses"


def _rules(text: str) -> RobotsRules:
    return RobotsRules.from_answer(200, text.encode())


def _allowed(rules: RobotsRules) -> str:
    words = {True: "allowed", False: "forbidden"}
    page_is, x_is = (words[rules.is_allowed(_SITE + path, _AGENT)] for path in ("/p", "/x"))
    return f"a page is {page_is}, /x is {x_is}"


_TOO_LARGE = r"^too_large: "
_AS_IT_SAYS = "a page is allowed, /x is forbidden"

ATTACKS = (
    Attack("200 MiB of zeros by gzip", gzip_bomb, _TOO_LARGE, 60, 20),
    Attack("200 MiB of zeros by deflate", deflate_bomb, _TOO_LARGE, 60, 20),
    Attack("200 MiB of zeros by brotli", brotli_bomb, _TOO_LARGE, 60, 20),
    Attack("200 MiB of zeros by zstandard", zstandard_bomb, _TOO_LARGE, 60, 20),
    Attack("200 MiB of zeros by gzip, twice", bomb_in_a_bomb, _TOO_LARGE, 60, 20),
    Attack("a body without end", endless_body, _TOO_LARGE, 60, 20),
    Attack("chunks of one byte without end", endless_chunks, _TOO_LARGE, 60, 60),
    Attack("headers without end", endless_headers, "^protocol: ", 30, 20),
    Attack("103 Early Hints without end", endless_interim_answers, "^protocol: ", 30, 20),
    Attack("a body in drops (2 s allowed)", body_in_drops, "^timeout: ", 30, 20),
    Attack("a redirect to 60 KB", address_of_60_kb, "^redirect_refused: .{1,350}$", 30, 20),
    Attack("60 cookies of 3.9 KB, 30 times", flood_of_cookies, "^50 cookies of 190 KiB", 30, 20),
    Attack("a robots.txt without end", endless_robots_txt, _AS_IT_SAYS, 60, 20),
    Attack("robots.txt: agents x rules", robots_txt_of_agents_times_rules, _AS_IT_SAYS, 60, 5),
    Attack("robots.txt: wildcards", robots_txt_of_wildcards, _AS_IT_SAYS, 60, 5),
    Attack("robots.txt: pauses without end", robots_txt_of_endless_pauses, "^inf seconds", 30, 5),
)
