"""Web server, daemon and code server, started as `make ui` starts them and ended in many ways.

Everything that they start, grandchildren too, carries a mark and is found by it (`processes`).
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any

import dagster as dg
import yaml

from catalog_pipeline.catalogue.files import base_url_variable
from catalog_pipeline.catalogue.finding import BUNDLED_FOLDER, EXTRA_FOLDER_VARIABLE, FILE_NAME
from catalog_pipeline.orchestration.instance.liveness import process_with_sign
from catalog_pipeline.orchestration.instance.lost_retries import FAILURES_SEEN
from catalog_pipeline.places import (
    DATA_VARIABLE,
    HOME_VARIABLE,
    SETTINGS_NAME,
    catalogue_places,
    ensure_dagster_home,
)
from catalog_pipeline_tests.cluster import place_home
from catalog_pipeline_tests.command import RunningCommand, running
from catalog_pipeline_tests.forked_programs import ONE_THREAD
from catalog_pipeline_tests.kept_files import Kept, kept
from catalog_pipeline_tests.marked_processes import MarkedProcess, marked_processes
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

PROJECT = Path(__file__).parents[2]
MARK = "CATALOG_PIPELINE_TESTED_SERVICES"
_QUICK_SETTINGS = {
    "run_monitoring": {"poll_interval_seconds": 2, "free_slots_after_run_end_seconds": 1},
    "run_queue": {"user_code_failure_retry_delay": 1},
}
"""What the daemon of the tests looks at more often than the one of a user."""
_QUICK_ENVIRONMENT = {
    "DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "1",
    "PYTHONPATH": str(Path(__file__).with_name("in_every_process")),
}
_FORKED_RUNS = {"CATALOG_PIPELINE_TESTS_FORK_RUNS": "1", **ONE_THREAD}
_START_SECONDS = 240.0


class Part(Enum):
    """What of the services can be killed; the value is what its command line holds."""

    DAEMON = "dagster._daemon"
    CODE_SERVER = "dagster api grpc"
    EVERYTHING = ""


class RunningServices:
    """Context manager: the services on an instance of their own below `folder`.

    The home's settings are those of the default, in the tier of `cluster` its, or a copy of
    `settings`.

    With `is_quick` their daemon looks every second or two, otherwise as often as a user's. With
    `forks_runs` a run is a fork of a process that has imported all, otherwise a new interpreter.
    """

    def __init__(
        self,
        folder: Path,
        sandbox_url: str,
        *,
        retries_runs: bool = True,
        is_quick: bool = True,
        forks_runs: bool = True,
        settings: Path | None = None,
    ) -> None:
        self.home = folder / "dagster_home"
        address = place_home(self.home) if settings is None else None
        self.data = folder / ("data" if address is None else "work")
        self.log = folder / "services.log"
        self._mark = uuid.uuid4().hex
        self._catalogues = folder / "catalogues"
        self._catalogues.mkdir()
        self.environment = {
            **os.environ,
            HOME_VARIABLE: str(self.home),
            DATA_VARIABLE: address or str(self.data),
            EXTRA_FOLDER_VARIABLE: str(self._catalogues),
            base_url_variable("sandbox"): sandbox_url,
            **(_QUICK_ENVIRONMENT if is_quick else {}),
            **(_FORKED_RUNS if is_quick and forks_runs else {}),
        }
        if settings is not None:
            self.home.mkdir()
            shutil.copy(settings, self.home / SETTINGS_NAME)
        self.settings = ensure_dagster_home(self.environment) / SETTINGS_NAME
        found = yaml.safe_load(self.settings.read_text())
        for name, quicker in _QUICK_SETTINGS.items() if is_quick else ():
            found[name] |= quicker
        if not retries_runs:
            found["run_retries"]["max_retries"] = 0
        self.settings.write_text(yaml.safe_dump(found))
        self.client = WebClient(f"http://127.0.0.1:{free_port()}")
        self._main: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RunningServices:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def add_catalogue(self, name: str, base_url: str, **changes: Any) -> None:
        """Give the services one more catalogue, like the sandbox; before they are started."""
        document = yaml.safe_load((BUNDLED_FOLDER / "sandbox" / FILE_NAME).read_text())
        del document["attributes"]["practice_shop"]
        del document["attributes"]["schedule"]
        if "pages" in changes:
            del document["attributes"]["last_page"]
        document["attributes"] |= {"base_url": base_url, **changes}
        folder = self._catalogues / name
        folder.mkdir()
        (folder / FILE_NAME).write_text(yaml.safe_dump(document))

    def kept(self, catalogue: str, *path: str) -> Kept:
        """A file of a catalogue, where it is kept."""
        places = catalogue_places(catalogue, self.environment)
        return kept(places, places.folder.joinpath(*path))

    @property
    def marked_environment(self) -> dict[str, str]:
        """What a process needs to be one of the services, and to be found among them."""
        return {**self.environment, MARK: self._mark}

    def start(self) -> None:
        """Start all of them and wait until the assets are loaded."""
        port = self.client.url.rpartition(":")[2]
        command = str(Path(sys.executable).with_name("catalog-pipeline"))
        with self.log.open("ab") as log:
            self._main = subprocess.Popen(
                [command, "ui", "--port", port],
                cwd=PROJECT,
                env=self.marked_environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for("the web server and its assets", self.client.asset_keys, _START_SECONDS)
        wait_for("the daemon's look-out for failed runs", self._retries_begin, _START_SECONDS)

    def _retries_begin(self) -> bool:
        """Whether the daemon of a new instance looks for failed runs: it ignores earlier ones."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return bool(instance.daemon_cursor_storage.get_cursor_values({FAILURES_SEEN}))

    def processes(self) -> list[MarkedProcess]:
        """Everything that is alive of what was started here, runs and their workers included."""
        return marked_processes(MARK, self._mark)

    def kill(self, part: Part) -> None:
        """SIGKILL of a part; of everything is at one instant, runs and their workers too."""
        killed = [each for each in self.processes() if part.value in each.command]
        assert killed, f"nothing to kill of {part}"
        while killed:
            for process in killed:
                process.kill()
            self._bury()
            killed = self.processes() if part is Part.EVERYTHING else []

    def restart(self) -> float:
        """End what is left of them and start them again; returns the time of the start."""
        self.stop()
        started_at = time.time()
        self.start()
        return started_at

    def have_ended(self) -> bool:
        """Whether the command has ended, with all that it started besides runs."""
        assert self._main is not None
        return self._main.poll() is not None and not self.client.is_up()

    def kill_worker_of(self, run_id: str) -> int:
        """SIGKILL of the process that executes a run, alone; returns its former id."""
        pid = process_with_sign(self.home, run_id)
        assert pid is not None, f"no process executes run {run_id}"
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> None:
        """End all in good order, what is left by force, and check that nothing is left."""
        if self._main is not None and self._main.poll() is None:
            self._main.send_signal(signal.SIGINT)
            try:
                self._main.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._main.kill()
        wait_for("the end of all processes", self._kill_what_is_left)

    def _kill_what_is_left(self) -> bool:
        """Whether nothing was; code servers end by themselves, some time after the command."""
        left = self.processes()
        for process in left:
            process.kill()
        self._bury()
        return not left

    @contextmanager
    def command(self, *arguments: str) -> Iterator[RunningCommand]:
        """Run `catalog-pipeline` on the same instance and data."""
        with running(*arguments, cwd=PROJECT, environ=self.marked_environment) as command:
            yield command

    def _bury(self) -> None:
        if self._main is not None:
            self._main.poll()


def free_port() -> int:
    """A port of loopback at which nobody listens, and which nobody is given who asks for any.

    It stays bound here, which keeps none from it who names it, as servers do that start again.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    atexit.register(probe.close)
    return int(probe.getsockname()[1])
