"""A machine with a Celery worker on it, of services whose runs are launched over Celery.

It has a home and a data folder of its own; page files are common, as on a network share.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from catalog_pipeline.orchestration.instance.liveness import LIVE_RUNS
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, SETTINGS_NAME
from catalog_pipeline.system.locked_file import is_locked
from catalog_pipeline_tests.marked_processes import MarkedProcess, marked_processes
from catalog_pipeline_tests.services.running_services import PROJECT, RunningServices

COMMAND = ["-A", "catalog_pipeline.orchestration.instance.celery.app", "worker"]
SETTINGS = PROJECT / "deploy" / "celery" / "dagster.yaml"


class CeleryWorker:
    """Context manager: one of them, dead at the end; `catalogue` is whose page files it shares."""

    def __init__(self, services: RunningServices, name: str, catalogue: str) -> None:
        folder = services.home.parent / name
        self.home = folder / "dagster_home"
        self.home.mkdir(parents=True)
        shutil.copy(services.settings, self.home / SETTINGS_NAME)
        pages = folder / "data" / catalogue / "pages"
        pages.parent.mkdir(parents=True)
        (services.data / catalogue / "pages").mkdir(parents=True, exist_ok=True)
        pages.symlink_to(services.data / catalogue / "pages")
        self._log = folder / "log"
        self._name = name
        self._environment = {
            **services.marked_environment,
            HOME_VARIABLE: str(self.home),
            DATA_VARIABLE: str(folder / "data"),
        }
        self._main: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> CeleryWorker:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it as the docs say, with room for one run."""
        program = str(Path(sys.executable).with_name("celery"))
        with self._log.open("ab") as log:
            self._main = subprocess.Popen(
                [program, *COMMAND, "--concurrency", "1", "--hostname", f"{self._name}@%h"],
                cwd=PROJECT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text()

    def executes(self) -> bool:
        """Whether a run gives a sign of life there."""
        signs = self.home / LIVE_RUNS
        return signs.is_dir() and any(map(is_locked, signs.iterdir()))

    def processes(self) -> list[MarkedProcess]:
        """All that is alive there."""
        return marked_processes(HOME_VARIABLE, str(self.home))

    def kill(self) -> None:
        """SIGKILL to all of it at once."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP)
        for process in self.processes():
            process.kill()
        if self._main is not None:
            self._main.wait()
