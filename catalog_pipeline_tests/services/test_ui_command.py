"""What `make ui` prints, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from catalog_pipeline.places import HOME_VARIABLE
from catalog_pipeline_tests.command import RunningCommand, run_process, running
from catalog_pipeline_tests.marked_processes import marked_processes
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import (
    PROJECT,
    Part,
    RunningServices,
    free_port,
)
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
        client = WebClient(address_said(ui))
        assert ["sandbox", "products"] in client.asset_keys()
        ui.send_signal(signal.SIGINT)
        # Code servers end some time later, and have what it says of mistakes open until then.
        assert ui.wait(PATIENCE_SECONDS) == 0
        assert ui.stdout.read() == "The web UI has ended. Crawls that it started go on.\n"


def test_a_second_web_ui_of_one_home_is_told_of_the_first_and_starts_no_daemon(
    home: Path, tmp_path: Path
) -> None:
    """At whatever port; the web UI alone, which starts none, comes beside it."""
    port = free_port()
    workspace = tmp_path / "workspace.yaml"
    elsewhere = {"host": "127.0.0.1", "port": free_port(), "location_name": "elsewhere"}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": elsewhere}]}))
    with running("ui", "--port", str(port)) as first:
        url = address_said(first)
        daemons = daemons_of(home)
        assert len(daemons) == 1
        for arguments in [], ["--port", str(port)], ["--port", str(free_port())]:
            second = run_process("ui", *arguments)
            assert (second.code, second.out) == (1, ""), second.err
            assert f"The web UI of {home} is on already: {url}, process {first.pid}." in second.err
            assert f"kill {first.pid}" in second.err
        alone = ["ui", "--port", str(free_port()), "--workspace", str(workspace)]
        with running(*alone) as beside:
            assert WebClient(address_said(beside)).is_up()
            assert daemons_of(home) == daemons
        assert WebClient(url).is_up()
        first.send_signal(signal.SIGINT)
        assert first.wait() == 0
    with running("ui", "--port", str(port)) as next_one:
        assert address_said(next_one) == url


def test_the_daemon_of_a_web_ui_that_was_killed_ends_with_the_next_one(home: Path) -> None:
    """It knows nothing of that death, and would make runs of ticks for ever."""
    with running("ui", "--port", str(free_port())) as killed:
        address_said(killed)
        left = daemons_of(home)
        killed.kill()
        killed.wait()
        with running("ui", "--port", str(free_port())) as ui:
            assert WebClient(address_said(ui)).is_up()
            daemons = daemons_of(home)
            assert len(left) == len(daemons) == 1
            assert daemons != left


def address_said(ui: RunningCommand) -> str:
    """The address that a web UI says when all is ready, alone in its line."""
    line = ui.stdout.readline()
    found = re.fullmatch(r"Web UI: (http://127\.0\.0\.1:\d+)  \(Ctrl-C ends it\)\n", line)
    assert found, line
    return found[1]


def daemons_of(home: Path) -> set[int]:
    """The processes of Dagster's daemon that are on in a home."""
    found = marked_processes(HOME_VARIABLE, str(home))
    return {each.pid for each in found if Part.DAEMON.value in each.command}


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
