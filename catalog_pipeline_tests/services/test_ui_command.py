"""What `make ui` prints, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from catalog_pipeline_tests.command import running
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import PROJECT, RunningServices, free_port
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


def test_the_address_is_said_when_all_is_ready_and_then_nothing_of_sensors_that_skip(
    common_services: RunningServices, client: WebClient
) -> None:
    """A sensor that has nothing to do is no news."""
    sensor = "attacked_table_sensor"
    wait_for("ticks of a sensor that skips", lambda: len(client.skips(sensor)) > 1)
    lines = common_services.log.read_text().splitlines()
    after = lines[lines.index(f"Web UI: {client.url}  (Ctrl-C ends it)") + 1 :]
    assert not [line for line in after if sensor in line or "skip" in line.lower()]


def test_the_address_is_the_last_line_and_works_when_it_is_said(home: Path) -> None:
    with running("ui", "--port", str(free_port())) as ui:
        line = ui.stdout.readline()
        found = re.fullmatch(r"Web UI: (http://127\.0\.0\.1:\d+)  \(Ctrl-C ends it\)\n", line)
        assert found, line
        client = WebClient(found[1])
        assert ["sandbox", "products"] in client.asset_keys()
        ui.send_signal(signal.SIGINT)
        # Code servers end some time later, and have what it says of mistakes open until then.
        assert ui.wait(PATIENCE_SECONDS) == 0
        assert ui.stdout.read() == "The web UI has ended. Crawls that it started go on.\n"


@pytest.mark.parametrize(
    ("arguments", "ending"), [([], "catalog-pipeline ui"), (["PORT=8123"], "ui --port 8123")]
)
def test_make_takes_a_port(arguments: list[str], ending: str) -> None:
    """Without the variables of a `make` that runs the tests: they change what is printed."""
    said = subprocess.run(
        ["make", "--dry-run", "ui", *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[-1].strip().endswith(ending)
