"""`catalog-pipeline sandbox`: the practice shop in the foreground."""

import json
import re
import signal
import socket
import urllib.error
import urllib.request

import pytest

from catalog_pipeline_tests.command import running
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.processes


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_shop_is_served_with_its_faults_until_it_is_interrupted():
    with running(
        "sandbox", "--port", "0", "--pages", "3", "--page-size", "5", "--fault", "2=410"
    ) as process:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        assert "(3 pages, 15 products)" in greeting
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/products", greeting)
        assert _status(f"{address}?page=1") == 200
        assert _status(f"{address}?page=2") == 410
        assert _status(f"{address}?page=4") == 404
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0


def test_it_opens_on_the_day_that_is_named():
    with running("sandbox", "--port", "0", "--pages", "3", "--day", "4") as process:
        assert process.stdout is not None
        (address,) = re.findall(r"(http://127\.0\.0\.1:\d+)/products", process.stdout.readline())
        with urllib.request.urlopen(f"{address}/__ledger", timeout=PATIENCE_SECONDS) as answer:
            assert list(json.load(answer)) == ["4"]


@pytest.mark.parametrize("day", ["0", "1001"])
def test_a_day_that_the_shop_does_not_have_is_refused(day: str, capsys: pytest.CaptureFixture[str]):
    from catalog_pipeline.cli.main import run_command

    assert run_command(["sandbox", "--day", day]) == 2
    assert "day" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("sandbox", "--port", str(port)) as process:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    assert out == ""
    assert f"cannot listen on 127.0.0.1 port {port}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("fault", ["17", "17=flood", "0=500", "17=500(3)", "17=500:0"])
def test_a_fault_that_makes_no_sense_is_refused(fault: str, capsys: pytest.CaptureFixture[str]):
    from catalog_pipeline.cli.main import run_command

    assert run_command(["sandbox", "--fault", fault]) == 2
    assert fault.split("=")[0] in capsys.readouterr().err


def test_with_log_it_prints_what_it_is_asked():
    with running("sandbox", "--port", "0", "--log", "--fault", "2=410") as process:
        assert process.stdout is not None
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/products", process.stdout.readline())
        _status(f"{address}?page=1")
        _status(f"{address}?page=2")
        lines = [process.stdout.readline() for _ in range(2)]
    assert [line.split()[1:] for line in lines] == [
        ["GET", "/products?page=1", "200"],
        ["GET", "/products?page=2", "410"],
    ]
