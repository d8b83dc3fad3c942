"""One page on its own: what robots.txt says of it, by the same rules as in a crawl."""

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.single import fetch_single
from catalog_pipeline_tests.fetching.raw_server import (
    Script,
    Visit,
    catalogue_at,
    page,
    raw_server,
)

DISALLOW = b"User-agent: *\nDisallow: /p"
OCTETS = page(DISALLOW).replace(b"text/html", b"application/octet-stream")


def _site(robots: bytes, moved: bytes = b"") -> Script:
    def answer(visit: Visit) -> None:
        if visit.path == "/robots.txt":
            visit.send(robots)
        elif visit.path == "/moved.txt":
            visit.send(moved)
        else:
            visit.send(page(b"<p>here</p>"))

    return answer


def test_a_page_is_downloaded_where_robots_txt_allows_it() -> None:
    with raw_server(_site(page(b"User-agent: *\nDisallow: /other"))) as server:
        answer = fetch_single(catalogue_at(server.url), PageKey(1), {})
    assert answer.body == b"<p>here</p>"


@pytest.mark.parametrize(
    ("robots", "moved"),
    [
        (page(DISALLOW), b""),
        (OCTETS, b""),
        (page(b"", "Location: /moved.txt", status="301 Moved"), page(DISALLOW)),
    ],
    ids=["plain", "of any type", "after a redirect"],
)
def test_a_forbidden_page_is_not_asked_for(robots: bytes, moved: bytes) -> None:
    with raw_server(_site(robots, moved)) as server:
        with pytest.raises(FetchError, match=r"robots\.txt does not allow it") as caught:
            fetch_single(catalogue_at(server.url), PageKey(1), {})
        assert caught.value.kind == "robots"
        assert all("/p?page" not in head for head in server.heads)


@pytest.mark.parametrize(
    ("robots", "reason"),
    [
        (page(status="503 Service Unavailable"), r"\(HTTP 503\)"),
        (page(b"", "Content-Length: many"), r"robots\.txt: the Content-Length is not one number"),
    ],
)
def test_why_robots_txt_cannot_be_had_is_told(robots: bytes, reason: str) -> None:
    with raw_server(_site(robots)) as server, pytest.raises(FetchError, match=reason) as caught:
        fetch_single(catalogue_at(server.url), PageKey(1), {})
    assert caught.value.kind == "robots"


def test_redirects_without_end_are_as_if_there_were_no_robots_txt() -> None:
    with raw_server(_site(page(b"", "Location: /robots.txt", status="302 Found"))) as server:
        answer = fetch_single(catalogue_at(server.url), PageKey(1), {})
        assert answer.body == b"<p>here</p>"
        assert len(server.heads) == 1 + 5 + 1
