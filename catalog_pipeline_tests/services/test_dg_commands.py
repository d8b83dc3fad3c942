"""Dagster's own commands work from the project's root, as the README shows them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import base_url_variable
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, ensure_dagster_home
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.downloads import downloads
from catalog_pipeline_tests.services.running_services import PROJECT

DG = Path(sys.executable).with_name("dg")
COMMAND_SECONDS = 120
pytestmark = [
    pytest.mark.embedded("is about Dagster's commands with a home of their own"),
    pytest.mark.skipif(not DG.exists(), reason="no dg: pip install dagster-dg-cli"),
]


def run_dg(folder: Path, shop: RunningShop, *arguments: str) -> str:
    environment = {
        **os.environ,
        HOME_VARIABLE: str(folder / "dagster_home"),
        DATA_VARIABLE: str(folder / "data"),
        base_url_variable("sandbox"): shop.url,
    }
    ensure_dagster_home(environment)
    answer = subprocess.run(
        [str(DG), *arguments],
        cwd=PROJECT,
        env=environment,
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
    run_dg(
        tmp_path,
        quick_shop,
        "launch",
        "--assets",
        'key:"sandbox/product_pages"',
        "--partition-range",
        "1...3",
    )
    assert downloads(quick_shop) == {1: 1, 2: 1, 3: 1}
