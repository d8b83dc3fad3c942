import contextlib
import socket
import time
from typing import Any

import pytest

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.records import Response
from catalog_pipeline_tests.fetching.raw_server import (
    Script,
    catalogue_at,
    drips,
    failure_at,
    falls_silent_after,
    page,
    raw_server,
    sends,
)


@pytest.mark.parametrize(
    "script",
    [
        drips(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9999),
        drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 999),
        lambda visit: (
            (visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"))
            or visit.drip(b"x" * 9999)
        ),
        lambda visit: (
            (visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
            or visit.drip(b"1\r\nx\r\n" * 999)
        ),
        lambda visit: visit.send(b"HTTP/1.1 200 OK\r\n\r\n") or visit.drip(b"x" * 9999),
        lambda visit: (
            visit.send(page(b"", "Content-Length: 9", status="404 Not Found")[:-1])
            or visit.drip(b"\n" + b"x" * 999)
        ),
    ],
    ids=["header", "100 Continue", "length", "chunks", "until close", "body of an error"],
)
def test_a_server_that_drips_is_cut_off_after_the_total_time(script: Script) -> None:
    started = time.monotonic()
    failure = failure_at(script, politeness={"request_timeout_seconds": 0.3})
    # All of it would take 20 seconds and more.
    assert time.monotonic() - started < 10
    assert failure.kind in ("timeout", "status_404_410")


@pytest.mark.parametrize(
    "part",
    [b"", b"HTTP/1.1 200 OK\r\nX: y", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"],
    ids=["no answer", "within the headers", "within the body"],
)
def test_a_server_that_falls_silent_is_given_up(part: bytes) -> None:
    failure = failure_at(falls_silent_after(part), politeness={"read_timeout_seconds": 0.2})
    assert failure.kind == "timeout"
    assert "silent for 0.2 s" in str(failure)


def test_the_total_time_ends_a_silence_that_the_read_timeout_would_bear() -> None:
    failure = failure_at(
        falls_silent_after(b"HTTP/1.1 200 OK\r\n"),
        politeness={"request_timeout_seconds": 0.2, "read_timeout_seconds": 5},
    )
    assert failure.kind == "timeout"
    assert "the whole answer took too long" in str(failure)


def test_a_server_that_does_not_read_what_is_sent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        catalogue = catalogue_at(url, politeness={"connect_timeout_seconds": 0.3})
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue).post_form(url, {"field": "x" * 20_000_000})
    assert caught.value.kind == "timeout"


def test_a_slow_server_is_waited_for_within_the_limits() -> None:
    with raw_server(lambda visit: visit.drip(page(b"slow"), 0.001)) as server:
        answer = Exchange(catalogue_at(server.url)).get(server.url)
    assert isinstance(answer, Response)
    assert answer.body == b"slow"


def test_a_kept_connection_does_not_inherit_the_time_left_of_its_last_exchange(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.monotonic
    with raw_server(sends(page(), hang_up=False)) as server:
        exchange = Exchange(catalogue_at(server.url))
        exchange.get(server.url)
        monkeypatch.setattr(time, "monotonic", lambda: now() + 60)
        assert isinstance(exchange.get(server.url), Response)
        assert server.connections == 1


def test_a_port_where_nobody_listens_is_a_failed_connection() -> None:
    refused = "no connection to the host: Connection refused"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(FetchError, match=refused) as caught:
            Exchange(catalogue_at(url)).get(url)
    assert caught.value.kind == "connect"


def test_a_host_that_does_not_accept_is_given_up() -> None:
    """A full backlog of a listener that never accepts leaves further connections waiting."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        catalogue = catalogue_at(url, politeness={"connect_timeout_seconds": 0.2})
        with pytest.raises(FetchError, match="in time") as caught:
            Exchange(catalogue).get(url)
    assert caught.value.kind == "connect"


def test_a_name_that_is_not_found_is_a_failed_connection() -> None:
    def no_such_name(*_arguments: Any, **_options: Any) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(FetchError, match="name was not found") as caught:
        Exchange(catalogue_at("http://shop.example"), resolver=no_such_name).get(
            "http://shop.example/p"
        )
    assert caught.value.kind == "connect"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "read"),
        (b"HTTP/1.1 200 OK\r\n", "read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1", "read"),
        (b"\0\1\2\3garbage\r\n\r\n", "protocol"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol"),
        (b"<html>HTTP/0.9</html>", "protocol"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "protocol"),
        (b"HTTP/1.1 99999 OK\r\n\r\n", "protocol"),
        (b"HTTP/9.9 200 OK\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 1\r\n\r\nx", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"x" * 60_000 + b"\r\n") * 90, "protocol"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000, "protocol"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx", "status_unexpected"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "status_unexpected"),
    ],
)
def test_an_answer_that_is_not_proper_http_is_refused(answer: bytes, kind: str) -> None:
    assert failure_at(sends(answer)).kind == kind


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX: y\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 199 Whatever\r\nContent-Length: 5\r\n\r\n",
    ],
)
@pytest.mark.parametrize("is_page", [True, False])
def test_the_answer_after_interim_ones_is_the_one_that_counts(
    interim: bytes, is_page: bool
) -> None:
    with raw_server(sends(interim + page(b"here"), hang_up=False)) as server:
        exchange = Exchange(catalogue_at(server.url))
        for _ in range(2):
            answer = exchange.get(server.url, is_page=is_page)
            assert isinstance(answer, Response)
            assert (answer.status, answer.body) == (200, b"here")
        assert server.connections == 1


def test_interim_answers_without_end_are_refused() -> None:
    assert failure_at(sends(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50_000)).kind == "protocol"
