import socket
from typing import Any

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.addresses import is_loopback_name, network_of, networks_for
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.records import Response
from catalog_pipeline_tests.fetching.raw_server import catalogue_at, page, raw_server, sends


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("93.184.215.14", "public"),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", "public"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("198.18.0.1", "private"),
        ("240.0.0.1", "private"),
        ("255.255.255.255", "private"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::ffff:93.184.215.14", "public"),
        ("::127.0.0.1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("2002:c0a8:101::1", "private"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("64:ff9b:1::10.0.0.1", "private"),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "loopback"),
    ],
)
def test_an_address_is_placed_in_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("base_url", "own"),
    [
        ("https://shop.example", set()),
        ("https://93.184.215.14", set()),
        ("http://localhost:8000", {"loopback"}),
        ("http://127.0.0.1:8000", {"loopback"}),
        ("http://2130706433", {"loopback"}),
        ("http://[::1]:8000", {"loopback"}),
        ("http://10.1.2.3", {"private"}),
        ("http://shop", {"loopback", "private"}),
        ("http://shop.internal", {"loopback", "private"}),
        ("http://169.254.1.1", {"link-local"}),
    ],
)
def test_a_catalogue_may_reach_the_public_network_and_the_one_it_names(
    base_url: str, own: set[str]
) -> None:
    assert networks_for(base_url) == {"public", *own}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("shop.localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("shop.example", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
    ],
)
def test_names_of_this_machine_are_known_without_dns(host: str, expected: bool) -> None:
    assert is_loopback_name(host) is expected


def _resolver_to(*addresses: str) -> Any:
    """DNS that answers every question with `addresses`."""

    def resolver(_host: str, port: int, **_options: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return resolver


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.255.255.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"]
)
def test_a_public_host_that_resolves_to_an_inner_address_is_refused(address: str) -> None:
    with raw_server(sends(page(b"secret"))) as server:
        catalogue = catalogue_at(f"http://shop.example:{server.port}")
        exchange = Exchange(catalogue, resolver=_resolver_to(address))
        with pytest.raises(FetchError) as caught:
            exchange.get(catalogue.page_address(PageKey(1)), page=PageKey(1))
    assert caught.value.kind == "address_refused"
    assert server.connections == 0


def test_a_name_that_changes_its_address_after_the_check_gains_nothing() -> None:
    """The name is asked for once per connection: what was checked is what is connected to."""
    questions: list[str] = []

    def rebinding(host: str, port: int, **_options: Any) -> list[tuple[Any, ...]]:
        questions.append(host)
        return _resolver_to("10.255.255.1" if len(questions) == 1 else "127.0.0.1")(host, port)

    with raw_server(sends(page(b"secret"))) as server:
        catalogue = catalogue_at(f"http://shop.example:{server.port}")
        with pytest.raises(FetchError) as caught:
            Exchange(catalogue, resolver=rebinding).get(catalogue.page_address(PageKey(1)))
    assert caught.value.kind == "address_refused"
    assert questions == ["shop.example"]
    assert server.connections == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://2130706433:{port}/"])
def test_a_literal_inner_address_is_refused_for_a_public_catalogue(url: str) -> None:
    with raw_server(sends(page(b"secret"))) as server:
        exchange = Exchange(catalogue_at("http://shop.example"))
        with pytest.raises(FetchError) as caught:
            exchange.get(url.format(port=server.port))
    assert caught.value.kind == "address_refused"
    assert server.connections == 0


def test_a_loopback_catalogue_may_not_reach_other_inner_networks() -> None:
    exchange = Exchange(catalogue_at("http://127.0.0.1:9"))
    with pytest.raises(FetchError) as caught:
        exchange.get("http://169.254.169.254/latest/meta-data")
    assert caught.value.kind == "address_refused"


def test_a_loopback_catalogue_is_free_to_stay_on_this_machine() -> None:
    with raw_server(sends(page(b"here"))) as server:
        answer = Exchange(catalogue_at(server.url)).get(server.url)
    assert isinstance(answer, Response)
    assert answer.body == b"here"


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    with raw_server(sends(page(b"here"))) as server:
        catalogue = catalogue_at(f"http://shop.internal:{server.port}")
        exchange = Exchange(catalogue, resolver=_resolver_to("127.0.0.2", "127.0.0.1"))
        answer = exchange.get(catalogue.page_address(PageKey(1)))
    assert isinstance(answer, Response)
    assert answer.body == b"here"
