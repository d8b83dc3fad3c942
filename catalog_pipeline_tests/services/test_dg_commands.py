"""Dagster's own commands work from the project's root, as the README shows them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import base_url_variable
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, ensure_dagster_home
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.command import run_process
from catalog_pipeline_tests.services.downloads import downloads
from catalog_pipeline_tests.services.running_services import PROJECT
from catalog_pipeline_tests.waiting import wait_for

DG = Path(sys.executable).with_name("dg")
COMMAND_SECONDS = 120
pytestmark = [
    pytest.mark.embedded("is about Dagster's commands with a home of their own"),
    pytest.mark.skipif(not DG.exists(), reason="no dg: pip install dagster-dg-cli"),
]


LAUNCH = ("launch", "--assets", 'key:"sandbox/product_pages"', "--partition-range")


def environment_of(folder: Path, shop: RunningShop) -> dict[str, str]:
    environment = {
        **os.environ,
        HOME_VARIABLE: str(folder / "dagster_home"),
        DATA_VARIABLE: str(folder / "data"),
        base_url_variable("sandbox"): shop.url,
    }
    ensure_dagster_home(environment)
    return environment


def run_dg(folder: Path, shop: RunningShop, *arguments: str) -> str:
    answer = subprocess.run(
        [str(DG), *arguments],
        cwd=PROJECT,
        env=environment_of(folder, shop),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    output = answer.stdout + answer.stderr
    assert answer.returncode == 0, output
    return output


def test_definitions_and_their_yaml_pass_the_check(
    tmp_path: Path, common_shop: RunningShop
) -> None:
    assert "All definitions loaded" in run_dg(tmp_path, common_shop, "check", "defs")


def test_a_range_of_pages_is_launched(tmp_path: Path, quick_shop: RunningShop) -> None:
    run_dg(tmp_path, quick_shop, *LAUNCH, "1...3")
    assert downloads(quick_shop) == {1: 1, 2: 1, 3: 1}


def test_pages_that_a_ctrl_c_left_are_what_they_were_before(
    tmp_path: Path, quick_shop: RunningShop
) -> None:
    quick_shop.control(latency_ms=500)
    launched = subprocess.Popen(
        [str(DG), *LAUNCH, "1...50"],
        cwd=PROJECT,
        env=environment_of(tmp_path, quick_shop),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for("the first pages", lambda: downloads(quick_shop))
        os.killpg(launched.pid, signal.SIGINT)
        launched.wait(COMMAND_SECONDS)
    finally:
        launched.kill()
        launched.wait()
    places = {HOME_VARIABLE: tmp_path / "dagster_home", DATA_VARIABLE: tmp_path / "data"}
    environ = {name: str(path) for name, path in places.items()}
    (status,) = run_process("status", "sandbox", "--json", environ=environ).json
    assert status["failed"] == 0
    assert 0 < status["done"] == len(downloads(quick_shop)) < 50
    assert status["missing"] == 50 - status["done"]
