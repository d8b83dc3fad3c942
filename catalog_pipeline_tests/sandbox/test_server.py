"""The shop as a process: its port, its start, and its end in every way its parent can end."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from catalog_pipeline.errors import CatalogPipelineError, UsageError
from catalog_pipeline.sandbox import serving
from catalog_pipeline.sandbox.faults import parse_fault
from catalog_pipeline.sandbox.products import CATEGORIES
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import HOST, ShopSettings
from catalog_pipeline_tests.sandbox.conftest import ask_url
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes

PARENT = """
import os, sys, time
from catalog_pipeline.sandbox.server import RunningShop
shop = RunningShop(port=0)
shop.start()
if "fork" in sys.argv and os.fork() == 0:
    os.close(1)
    time.sleep(300)
    os._exit(0)
print(shop.url, flush=True)
time.sleep(600)
"""


def _is_listening(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0))


def test_a_shop_serves_while_the_block_runs() -> None:
    with RunningShop(port=0) as shop:
        assert ask_url(f"{shop.url}/products").status == 200
        url = shop.url
    assert not _is_listening(url)
    assert shop.pid is None
    with pytest.raises(UsageError, match="not running"):
        shop.hits()


def test_a_shop_ends_with_its_parent_though_a_request_hangs() -> None:
    command = [sys.executable, "-m", "catalog_pipeline.sandbox", "--port=0", "--fault=1=hang"]
    with subprocess.Popen(
        [*command, "--exit-with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = process.stdout.readline().split()[3]
        with _connected(url) as client:
            client.sendall(b"GET /products?page=1 HTTP/1.1\r\nHost: shop\r\n\r\n")
            hits = url.replace("/products", "/__hits")
            wait_for("the request", lambda: json.loads(ask_url(hits).text)["total"])
            process.stdin.close()
            assert process.wait(PATIENCE_SECONDS) == 0


def test_settings_reach_the_process() -> None:
    settings = ShopSettings(
        pages=3,
        page_size=7,
        latency_ms=5,
        faults=(parse_fault("1=429(2):1"), parse_fault("2=reset")),
        session_requests=9,
        end="repeat",
        member_token="another",
    )
    with RunningShop(settings, port=0) as shop:
        assert shop.control() == {
            "faults": ["1=429(2):1", "2=reset"],
            "latency_ms": 5,
            "pages": 3,
            "end": "repeat",
            "tells_size": False,
            "categories": list(CATEGORIES),
            "session_requests": 9,
        }
        assert ask_url(f"{shop.url}/products?page=3").text.count('class="product-card"') == 7
        headers = {"Authorization": "Bearer another"}
        assert ask_url(f"{shop.url}/members/token/products", headers=headers).status == 429


def test_two_shops_serve_the_same_pages() -> None:
    with RunningShop(port=0) as one, RunningShop(port=0) as other:
        first, second = (ask_url(f"{shop.url}/products?page=9") for shop in (one, other))
    assert first.body == second.body
    assert first.headers["ETag"] == second.headers["ETag"]


@pytest.mark.parametrize("how", ["plain", "fork"])
def test_a_shop_dies_with_a_killed_parent(how: str) -> None:
    """Also when a fork of the dead parent still holds the pipe open."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, how],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    with parent, ExitStack() as clean_up:
        clean_up.callback(_kill_group, parent.pid)
        url = parent.stdout.readline().strip()
        assert _is_listening(url)
        os.kill(parent.pid, signal.SIGKILL)
        wait_for("the end of the shop", lambda: not _is_listening(url))


def test_a_shop_with_a_parent_ignores_ctrl_c() -> None:
    with RunningShop(port=0) as shop:
        assert shop.pid is not None
        # The first answer shows that the server has put its own signal handlers in place.
        assert ask_url(f"{shop.url}/products").status == 200
        os.kill(shop.pid, signal.SIGINT)
        for _ in range(12):
            assert ask_url(f"{shop.url}/products").status == 200
            time.sleep(0.05)
        assert os.getpgid(shop.pid) != os.getpgid(0)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_shop_in_the_foreground_ends_with_a_signal(end: signal.Signals) -> None:
    command = [sys.executable, "-m", "catalog_pipeline.sandbox", "--port=0", "--pages=3"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[3]
        assert line == f"Practice shop at {url} (3 pages, 60 products)\n"
        assert ask_url(url).status == 200
        process.send_signal(end)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (output, errors) == ("", "")
    assert process.returncode in (0, -signal.SIGTERM)
    assert not _is_listening(url)


def test_broken_answers_are_no_noise_on_stderr() -> None:
    faults = [f"--fault={page}={kind}" for page, kind in enumerate(("reset", "truncated"), 1)]
    command = [sys.executable, "-m", "catalog_pipeline.sandbox", "--port=0", *faults]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[3]
        for page in (1, 2):
            with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
                ask_url(f"{url}?page={page}")
        process.terminate()
        assert process.communicate(timeout=PATIENCE_SECONDS)[1] == ""


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("--fault=3=boom", "unknown kind 'boom'"),
        ("--pages=0", "pages must be a whole number from 1"),
        ("--port=70000", "cannot listen"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_code_two(argument: str, complaint: str) -> None:
    command = [sys.executable, "-m", "catalog_pipeline.sandbox", argument]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert result.returncode == 2
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_port_in_use_is_an_error_where_it_was_asked_for() -> None:
    with RunningShop(port=0) as shop:
        taken = urlsplit(shop.url).port
        with pytest.raises(CatalogPipelineError, match="did not start"):
            RunningShop(port=taken).start()


def test_the_default_port_is_taken_if_it_is_free_and_another_if_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(serving, "DEFAULT_PORT", port)
    with serving._listen(None) as first, serving._listen(None) as second:
        assert first.getsockname()[1] == port != second.getsockname()[1]


def test_two_shops_of_the_default_port_are_both_served() -> None:
    with RunningShop() as first, RunningShop() as second:
        assert first.url != second.url
        for shop in (first, second):
            assert ask_url(f"{shop.url}/products").status == 200


def test_starting_a_shop_does_not_import_the_web_server() -> None:
    """Whoever crawls must not pay for uvicorn and starlette in his own process."""
    script = (
        "import sys, catalog_pipeline.sandbox.server\n"
        "print([m for m in ('uvicorn', 'starlette', 'dagster', 'requests') if m in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def _kill_group(group: int) -> None:
    os.killpg(group, signal.SIGKILL)
