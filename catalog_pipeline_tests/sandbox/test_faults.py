"""Each kind of fault as a client meets it on a real socket, and the text form."""

import http.client
import re
import socket
import time
from functools import partial
from urllib.parse import urlsplit

import pytest

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.faults import KINDS, LOGIN, Fault, parse_fault
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.sandbox.conftest import Ask
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("17=500", Fault(17, "500")),
        ("33=503:2", Fault(33, "503", times=2)),
        ("8=429", Fault(8, "429", seconds=1)),
        ("8=429(2)", Fault(8, "429", seconds=2)),
        ("8=503(20):3", Fault(8, "503", times=3, seconds=20)),
        ("4=slow(5)", Fault(4, "slow", seconds=5)),
        (" 5=no-price ", Fault(5, "no-price")),
        ("login=503(2):1", Fault(LOGIN, "503", times=1, seconds=2)),
    ],
)
def test_the_text_form_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("17", "not of the form"),
        ("=500", "not of the form"),
        ("x=500", "not of the form"),
        ("17=500:", "not of the form"),
        ("17=500:-1", "not of the form"),
        ("0=500", "pages start at 1"),
        ("17=418", "unknown kind '418'; allowed are 404, 410"),
        ("17=500:0", "1 or more"),
        ("17=reset(3)", "only 429, 503, slow take"),
    ],
)
def test_a_wrong_text_is_refused_with_what_is_allowed(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(complaint)):
        parse_fault(text)


def _is_counted(shop: RunningShop, page: int) -> bool:
    return str(page) in shop.hits()["pages"]


def test_every_kind_counts_as_a_download(shop: RunningShop) -> None:
    """Even where no answer ever comes."""
    shop.control(faults=[f"{page}={kind}" for page, kind in enumerate(KINDS, 1)])
    pages = range(1, len(KINDS) + 1)
    for page in pages:
        with _request(shop, page) as connection:
            wait_for("the count", partial(_is_counted, shop, page))
            connection.close()
    assert shop.hits()["pages"] == {str(page): 1 for page in pages}


@pytest.mark.parametrize("status", ["404", "410", "429", "500", "503"])
def test_a_status_is_answered_with_a_page(shop: RunningShop, ask: Ask, status: str) -> None:
    shop.control(faults=[f"3={status}"])
    answer = ask("/products?page=3")
    assert answer.status == int(status)
    assert "<h1>" in answer.text
    assert "product-card" not in answer.text
    assert ask("/products?page=4").status == 200


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [("3=429", "1"), ("3=429(2)", "2"), ("3=503(7)", "7"), ("3=503", None)],
)
def test_retry_after_is_sent(
    shop: RunningShop, ask: Ask, fault: str, retry_after: str | None
) -> None:
    shop.control(faults=[fault])
    assert ask("/products?page=3").headers["Retry-After"] == retry_after


def test_a_fault_can_strike_the_first_times_only(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=503:2"])
    assert [ask("/products?page=3").status for _ in range(4)] == [503, 503, 200, 200]
    assert shop.hits()["pages"] == {"3": 4}


def test_a_reset_is_a_tcp_reset(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=reset"])
    with pytest.raises(ConnectionResetError) as caught:
        ask("/products?page=3")
    # A connection that is merely closed raises a subclass.
    assert type(caught.value) is ConnectionResetError


def test_a_hanging_page_never_answers(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=hang"])
    with pytest.raises(TimeoutError):
        ask("/products?page=3", timeout_seconds=0.3)
    assert [status for _, _, status in shop.log()] == [0]


def test_a_slow_page_drips_and_is_whole_in_the_end(shop: RunningShop, ask: Ask) -> None:
    good = ask("/products?page=3").body
    shop.control(faults=["3=slow(30)"])
    with _request(shop, 3) as connection:
        received = begun = b""
        while not begun:
            received += connection.recv(65536)
            begun = received.partition(b"\r\n\r\n")[2]
    assert good.startswith(begun)
    assert len(begun) < len(good)
    shop.control(faults=["3=slow(1)"])
    started = time.monotonic()
    assert ask("/products?page=3").body == good
    assert time.monotonic() - started > 0.6


def test_a_truncated_page_ends_before_its_content_length(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=truncated"])
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask("/products?page=3")
    assert len(caught.value.partial) > 1000
    assert caught.value.expected


def test_an_empty_page_is_a_200_without_a_card(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=empty"])
    answer = ask("/products?page=3")
    assert answer.status == 200
    assert "product-card" not in answer.text


def test_a_page_can_show_the_one_before_it_or_lead_to_the_first(shop: RunningShop, ask: Ask):
    before = ask("/products?page=2").body
    shop.control(faults=["3=repeat", "4=to-first"])
    assert ask("/products?page=3").body == before
    answer = ask("/products?page=4")
    assert (answer.status, answer.headers["Location"]) == (302, "/products?page=1")


def test_a_block_page_is_a_200_that_asks_whether_one_is_human(shop: RunningShop, ask: Ask):
    shop.control(faults=["3=block"])
    answer = ask("/products?page=3")
    assert answer.status == 200
    assert "Are you human?" in answer.text
    assert "product-card" not in answer.text


def test_a_shop_ends_as_it_was_told_to(shop: RunningShop, ask: Ask):
    last = ask("/products?page=50").body
    assert ask("/products?page=51").status == 404
    shop.control(end="repeat")
    assert ask("/products?page=51").body == last
    shop.control(end="empty")
    assert "no products here" in ask("/products?page=51").text
    shop.control(end="redirect")
    assert ask("/products?page=51").headers["Location"] == "/products?page=1"


def test_one_price_can_be_missing(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=no-price"])
    answer = ask("/products?page=3")
    cards = answer.text.split('<article class="product-card"')[1:]
    assert len(cards) == 20
    assert ["product-price" in card for card in cards] == [True, False] + [True] * 18


def test_one_price_can_be_words(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=call-for-price"])
    cards = ask("/products?page=3").text.split('<article class="product-card"')[1:]
    assert ["Call for price" in card for card in cards] == [True] + [False] * 19


def test_garbage_calls_itself_html(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=garbage"])
    answer = ask("/products?page=3")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()


def test_the_wrong_type_is_json(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=wrong-type"])
    answer = ask("/products?page=3")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


def test_a_redirect_leads_to_another_host(shop: RunningShop, ask: Ask) -> None:
    shop.control(faults=["3=redirect"])
    answer = ask("/products?page=3")
    assert answer.status == 302
    assert answer.headers["Location"] == "http://198.51.100.1/products?page=3"


def test_a_fault_goes_before_a_304(shop: RunningShop, ask: Ask) -> None:
    etag = ask("/products?page=3").headers["ETag"]
    shop.control(faults=["3=500"])
    assert ask("/products?page=3", headers={"If-None-Match": etag}).status == 500


def test_two_faults_for_one_page_are_refused(shop: RunningShop) -> None:
    with pytest.raises(UsageError, match="more than one fault for page 3"):
        shop.control(faults=["3=500", "3=reset"])


def _request(shop: RunningShop, page: int) -> socket.socket:
    parts = urlsplit(shop.url)
    assert parts.hostname is not None
    connection = socket.create_connection(
        (parts.hostname, parts.port or 0), timeout=PATIENCE_SECONDS
    )
    connection.sendall(f"GET /products?page={page} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
    return connection
