import contextlib
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.retry_table import is_retried
from catalog_pipeline.records import Response
from catalog_pipeline_tests.fetching.raw_server import (
    RawServer,
    Script,
    Visit,
    catalogue_at,
    drips,
    page,
    raw_server,
    sends,
)
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


def _certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A fresh self-signed certificate for `host`, and a server's context with it."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = "IP" if host[0].isdigit() else "DNS"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName={kind}:{host}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


@pytest.fixture(scope="module")
def loopback_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return _certificate(tmp_path_factory.mktemp("loopback"), "127.0.0.1")


@pytest.fixture(scope="module")
def shop_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return _certificate(tmp_path_factory.mktemp("shop"), "shop.example")


@pytest.mark.processes
def test_a_certificate_that_nobody_vouches_for_is_refused(
    loopback_certificate: tuple[Path, ssl.SSLContext],
) -> None:
    with (
        raw_server(sends(page(b"secret")), tls=loopback_certificate[1]) as server,
        pytest.raises(FetchError, match="self-signed certificate") as caught,
    ):
        Exchange(catalogue_at(server.url)).get(server.url)
    assert caught.value.kind == "tls"
    assert server.heads == []


@pytest.mark.processes
def test_a_certificate_for_another_host_is_refused(
    shop_certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(shop_certificate[0]))
    with (
        raw_server(sends(page(b"secret")), tls=shop_certificate[1]) as server,
        pytest.raises(FetchError, match="certificate is refused") as caught,
    ):
        Exchange(catalogue_at(server.url)).get(server.url)
    assert caught.value.kind == "tls"
    assert server.heads == []


@pytest.mark.processes
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_that_the_environment_vouches_for_is_accepted(
    loopback_certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, str(loopback_certificate[0]))
    with raw_server(sends(page(b"hello")), tls=loopback_certificate[1]) as server:
        answer = Exchange(catalogue_at(server.url)).get(server.url)
    assert isinstance(answer, Response)
    assert answer.body == b"hello"


@pytest.mark.processes
def test_a_tls_server_that_drips_is_cut_off_too(
    loopback_certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(loopback_certificate[0]))
    script = drips(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 999)
    with raw_server(script, tls=loopback_certificate[1]) as server:
        catalogue = catalogue_at(server.url, politeness={"request_timeout_seconds": 0.5})
        started = time.monotonic()
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue).get(server.url)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - started < 10


def test_a_plain_server_behind_an_https_url_is_a_tlsfailure_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_answer_once, args=(listener,))
        answering.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue_at(url)).get(url)
        answering.join(PATIENCE_SECONDS)
    assert caught.value.kind == "tls"


def _answer_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_tls_handshake_that_never_comes_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        catalogue = catalogue_at(url, politeness={"connect_timeout_seconds": 0.2})
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue).get(url)
    assert caught.value.kind in ("connect", "timeout")


@contextlib.contextmanager
def _tunnelling_proxy(target_port: int) -> Iterator[RawServer]:
    """A proxy that answers CONNECT and passes bytes both ways to a port of this machine."""

    def script(visit: Visit) -> None:
        assert visit.head.startswith("CONNECT ")
        visit.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", target_port)) as target:
            upwards = threading.Thread(target=_pipe, args=(visit.connection, target))
            upwards.start()
            _pipe(target, visit.connection)
            upwards.join(PATIENCE_SECONDS)
        visit.hang_up = True

    with raw_server(script) as proxy:
        yield proxy


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_the_environments_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy resolves the name, so a site's name needs none here."""
    with raw_server(sends(page(b"via proxy"))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//me:s3cret@"))
        monkeypatch.setenv("http_proxy", os.environ["HTTP_PROXY"])
        answer = Exchange(catalogue_at("http://shop.example")).get("http://shop.example/p?page=1")
    assert isinstance(answer, Response)
    assert answer.body == b"via proxy"
    assert proxy.heads[0].startswith("GET http://shop.example/p?page=1 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6czNjcmV0\r\n" in proxy.heads[0]


@pytest.mark.processes
def test_https_goes_through_a_tunnel_with_the_sites_certificate_verified(
    shop_certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        raw_server(sends(page(b"hello")), tls=shop_certificate[1]) as site,
        _tunnelling_proxy(site.port) as proxy,
    ):
        monkeypatch.setenv("https_proxy", proxy.url)
        exchange = Exchange(catalogue_at("https://shop.example"))
        with pytest.raises(FetchError) as caught:
            exchange.get("https://shop.example/p")
        assert caught.value.kind == "tls"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(shop_certificate[0]))
        answer = Exchange(catalogue_at("https://shop.example")).get("https://shop.example/p")
    assert isinstance(answer, Response)
    assert answer.body == b"hello"
    assert proxy.heads[0].startswith("CONNECT shop.example:443 ")


def test_a_proxy_for_other_addresses_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "not found")

    with raw_server(sends(page())) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        exchange = Exchange(catalogue_at("http://shop.example"), resolver=refuse)
        with pytest.raises(FetchError, match="the host's name was not found"):
            exchange.get("http://elsewhere.example/robots.txt", is_page=False)
    assert proxy.heads == []


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "not found")

    with raw_server(sends(page())) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "other.example,shop.example")
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue_at("http://shop.example"), resolver=refuse).get(
                "http://shop.example/p"
            )
    assert caught.value.kind == "connect"
    assert proxy.heads == []


def test_this_machine_is_never_asked_for_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(sends(page(b"proxy"))) as proxy, raw_server(sends(page(b"shop"))) as shop:
        monkeypatch.setenv("http_proxy", proxy.url)
        answer = Exchange(catalogue_at(shop.url)).get(shop.url)
    assert isinstance(answer, Response)
    assert answer.body == b"shop"
    assert proxy.heads == []


def test_a_proxy_is_not_trusted_with_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look the name up itself, within the network that it is in."""
    with raw_server(sends(page())) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        exchange = Exchange(catalogue_at("http://shop.example"))
        assert exchange.get("http://shop.example/robots.txt", is_page=False)
        with pytest.raises(FetchError, match="behind a proxy") as caught:
            exchange.get("http://wiki.corp.example/robots.txt", is_page=False)
    assert caught.value.kind == "address_refused"
    assert len(proxy.heads) == 1


def test_an_inner_address_is_refused_behind_a_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(sends(page())) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue_at("http://shop.example")).get("http://10.0.0.1/")
    assert caught.value.kind == "address_refused"
    assert proxy.heads == []


@pytest.mark.parametrize(
    ("script", "kind", "seconds"),
    [
        (sends(page(b"no", status="407 Proxy Authentication Required")), "proxy", 10),
        (sends(b"garbage\r\n\r\n"), "protocol", 10),
        (drips(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 999), "timeout", 0.5),
    ],
)
def test_a_proxy_that_does_not_open_the_tunnel_is_a_failure_without_its_password(
    script: Script, kind: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(script) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//me:s3cret@"))
        catalogue = catalogue_at(
            "https://shop.example", politeness={"request_timeout_seconds": seconds}
        )
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue).get("https://shop.example/p")
    assert caught.value.kind in (kind, "proxy")
    assert is_retried(caught.value.kind)
    assert "s3cret" not in str(caught.value)


def test_a_proxy_that_is_not_there_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://me:s3cret@127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(FetchError, match="no connection to the proxy") as caught:
            Exchange(catalogue_at("http://shop.example")).get("http://shop.example/p")
    assert "s3cret" not in str(caught.value)
