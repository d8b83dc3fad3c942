"""Where the web server listens, and what it says where it cannot."""

from __future__ import annotations

import socket

import pytest

from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.instance.web import server


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1, port {port}: .* Name another port"):
            server.listen("127.0.0.1", port)


def test_without_a_port_a_free_one_is_taken_where_the_usual_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        usual = taken.getsockname()[1]
        monkeypatch.setattr(server, "USUAL_PORT", usual)
        with server.listen("127.0.0.1", None) as listening:
            assert listening.getsockname()[1] != usual


def test_a_host_that_is_no_address_of_this_machine_is_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1, port 8099"):
        server.listen("192.0.2.1", 8099)


def test_the_address_is_one_that_a_browser_here_can_open() -> None:
    with server.listen("0.0.0.0", 0) as listening:
        port = listening.getsockname()[1]
        assert server.url_of(listening) == f"http://127.0.0.1:{port}"
    with server.listen("::1", 0) as listening:
        port = listening.getsockname()[1]
        assert server.url_of(listening) == f"http://[::1]:{port}"
