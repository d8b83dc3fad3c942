import socket
import threading
from contextlib import ExitStack, suppress

import pytest
import requests

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.direct import ORIGINS_KEPT
from catalog_pipeline.records import Response
from catalog_pipeline_tests.fetching.raw_server import (
    Visit,
    catalogue_at,
    page,
    raw_server,
    sends,
)
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for


def test_a_connection_that_the_site_closed_meanwhile_is_opened_again_without_a_failure() -> None:
    with raw_server(sends(page(b"here"))) as server:
        exchange = Exchange(catalogue_at(server.url))
        for count in range(1, 4):
            assert isinstance(exchange.get(server.url), Response)
            assert (len(server.heads), server.connections) == (count, count)
            wait_for("the site to close it", lambda: server.closed == len(server.heads))


def test_what_a_site_sends_unasked_is_not_taken_for_the_next_answer() -> None:
    visits: list[Visit] = []

    def script(visit: Visit) -> None:
        visits.append(visit)
        visit.send(page(b"asked"))

    with raw_server(script) as server:
        exchange = Exchange(catalogue_at(server.url))
        exchange.get(server.url)
        visits[0].send(page(b"not asked"))
        answer = exchange.get(server.url)
        assert isinstance(answer, Response)
        assert (answer.body, server.connections) == (b"asked", 2)


@pytest.mark.parametrize(
    "answer",
    [
        page(b"x" * 9, "Content-Length: 900000"),
        page(b"x" * 200_000, status="404 Not Found"),
        page(b"here", "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nhere",
    ],
    ids=["too long as declared", "more of an error than is kept", "not to be kept", "HTTP/1.0"],
)
def test_a_connection_whose_answer_was_not_read_to_its_end_serves_no_other(answer: bytes) -> None:
    with raw_server(sends(answer, hang_up=False)) as server:
        limits = {"max_body_bytes": 100_000, "max_decoded_bytes": 100_000}
        exchange = Exchange(catalogue_at(server.url, limits=limits))
        for _ in range(2):
            with suppress(FetchError):
                exchange.get(server.url)
        assert (len(server.heads), server.connections) == (2, 2)


def test_as_many_connections_are_kept_as_the_crawl_uses_at_once() -> None:
    all_are_there = threading.Barrier(6)

    def together(visit: Visit) -> None:
        all_are_there.wait(PATIENCE_SECONDS)
        visit.send(page(b"here"))

    with raw_server(together) as server:
        exchange = Exchange(catalogue_at(server.url, politeness={"concurrency": 2}))
        for _ in range(2):
            asking = [threading.Thread(target=exchange.get, args=(server.url,)) for _ in range(6)]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join(PATIENCE_SECONDS)
        assert (len(server.heads), server.connections) == (12, 6 + 4)


def test_of_many_sites_those_asked_last_keep_their_connections() -> None:
    with ExitStack() as stack:
        script = sends(page(b"here"), hang_up=False)
        servers = [stack.enter_context(raw_server(script)) for _ in range(ORIGINS_KEPT + 2)]
        exchange = Exchange(catalogue_at(servers[0].url))
        for server in [*servers, *reversed(servers)]:
            exchange.get(server.url)
        assert [server.connections for server in servers] == [2, 2, *[1] * ORIGINS_KEPT]


def test_an_answer_that_comes_before_all_was_sent_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_refuse_at_once, args=(listener,))
        answering.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue_at(url)).post_form(url, {"field": "x" * 20_000_000})
        answering.join(PATIENCE_SECONDS)
    assert caught.value.http_status == 413


def _refuse_at_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(page(b"", status="413 Content Too Large"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/",
        "?page=2",
        "/?",
        "/a?b",
        "//a//b",
        "/a b?c d",
        "/ä?ö=ü",
        "/%7ea/../b",
        "/a?b#c",
        "/;a",
    ],
)
def test_an_address_is_asked_for_as_requests_would(address: str) -> None:
    with raw_server(sends(page(b"here"))) as server:
        requests.get(server.url + address, timeout=PATIENCE_SECONDS)
        Exchange(catalogue_at(server.url)).get(server.url + address)
        theirs, ours = (head.partition("\r\n")[0] for head in server.heads)
        assert ours == theirs


def test_headers_over_several_lines_are_put_on_one() -> None:
    lines = ('ETag: "a\r\n b \t\r\n\tc"', "Content-Type:\r\n text/html")
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\nhere"
    )
    with raw_server(sends(answer)) as server:
        found = Exchange(catalogue_at(server.url)).get(server.url)
    assert isinstance(found, Response)
    assert (found.validators.etag, found.content_type) == ('"a b c"', "text/html")


def test_authorities_that_cannot_be_read_are_no_fault_of_the_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authorities.pem")
    with pytest.raises(FetchError, match="certificates cannot be read: No such file") as caught:
        Exchange(catalogue_at("https://127.0.0.1:1")).get("https://127.0.0.1:1")
    assert caught.value.kind == "tls"
