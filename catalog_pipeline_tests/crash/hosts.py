"""Machines of a scene that share a database: a home and a data folder each, and common page files.

These are in the bucket of the scene, or in one folder, as on a network share; locks are each
machine's own. Not here: what they do, and what is asserted.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, catalogue_places
from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.living import living_with
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.forked_programs import MODULE
from catalog_pipeline_tests.postgres_server import write_postgres_home

RECORDED_PER_RUN = (
    "SELECT run_id, count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' "
    "AND partition IS NOT NULL GROUP BY run_id ORDER BY min(id)"
)
"""A query: how many pages each run has recorded."""
RUN_OF_PAGES = [*MODULE, "catalog_pipeline_tests.crash.run_of_pages"]


class Host:
    """One of them."""

    def __init__(self, scene: Scene, name: str) -> None:
        self._scene = scene
        folder = scene.folder / name
        write_postgres_home(folder / "dagster_home", scene.database)
        self.environ = {
            HOME_VARIABLE: str(folder / "dagster_home"),
            DATA_VARIABLE: scene.address or str(folder / "data"),
        }
        self.places = catalogue_places(scene.site.name, self.environ)
        if scene.address is None:
            scene.places.pages.mkdir(parents=True, exist_ok=True)
            self.places.folder.mkdir(parents=True)
            self.places.pages.symlink_to(scene.places.pages)

    def start(self, *arguments: str, program: list[str] | None = None) -> CommandProcess:
        """Start a command there."""
        return self._scene.start(*arguments, program=program, environ=self.environ)

    def crawl(self, pages: str) -> CommandProcess:
        """Start the command for some pages."""
        return self.start("run", self._scene.site.name, "--pages", pages)

    def execute(self, pages: str) -> CommandProcess:
        """Start a run over some pages, as a worker of the services does."""
        return self.start(self._scene.site.name, pages, program=RUN_OF_PAGES)

    def processes(self, *commands: CommandProcess) -> list[int]:
        """All that is alive there, with these commands of it."""
        pids = {each.pid for each in commands if not each.has_ended}
        return sorted({*living_with(HOME_VARIABLE, self.environ[HOME_VARIABLE]), *pids})

    def kill(self, *commands: CommandProcess) -> None:
        """SIGKILL to all of it at once."""
        send(self.processes(*commands), signal.SIGKILL)
        for command in commands:
            command.wait()

    @contextmanager
    def frozen(self, *commands: CommandProcess) -> Iterator[None]:
        """All of it stands still within the block."""
        with standing_still(self.processes(*commands)):
            yield


@contextmanager
def standing_still(pids: Sequence[int]) -> Iterator[None]:
    """All of them stand still within the block."""
    try:
        send(pids, signal.SIGSTOP)
        yield
    finally:
        send(pids, signal.SIGCONT)


def send(pids: Sequence[int], signum: signal.Signals) -> None:
    """A signal to all of them that there are."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)
