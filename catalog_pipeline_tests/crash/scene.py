"""A crawl to be killed: its own shop, Dagster home and data, and the command as a process.

Belongs here: starting, ending and asking. What has to be true afterwards is in `invariants`.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

import dagster as dg

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import page_keys
from catalog_pipeline.cli.main import run_command
from catalog_pipeline.crawling.lock import CRAWL_LOCK
from catalog_pipeline.crawling.working.starting import end_template
from catalog_pipeline.orchestration.checkpoints.statuses import PageStatuses, read_statuses
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, CataloguePlaces
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline.storing.store import Store
from catalog_pipeline.storing.stores import page_store
from catalog_pipeline.system.locked_file import is_locked
from catalog_pipeline_tests.cluster import running_cluster
from catalog_pipeline_tests.command import Answer
from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.kill_points import PLACE
from catalog_pipeline_tests.crash.living import living_with
from catalog_pipeline_tests.forked_programs import COMMAND, MODULE
from catalog_pipeline_tests.postgres_server import Database, write_postgres_home
from catalog_pipeline_tests.site import NAME, Site

Victims = Literal["process", "group", "all"]
VICTIMS: tuple[Victims, ...] = get_args(Victims)
ROOT = Path(__file__).parents[2]
FOUND: dict[str, dict[str, Any]] = {
    "open": {"kind": "open"},
    "told": {
        "kind": "told",
        "last": {"select": ".listing-size", "pattern": r"on ([\d,]+) pages"},
    },
    "linked": {"kind": "linked", "next": {"select": "a[rel=next]"}},
}
"""The kinds of listings whose pages crawls find, of the practice shop."""


class Scene:
    """Context manager: the catalogue `shop` of a practice shop, in a folder of its own.

    With an `address` its files are kept there, in an object store; with a `database` its home says
    that the instance is in that. With neither, both are in the cluster, where the tests have one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pages: int = 12,
        page_size: int = 3,
        latency_ms: int = 0,
        kind: str = "fixed",
        address: str | None = None,
        database: Database | None = None,
        **attributes: Any,
    ) -> None:
        self.folder = folder
        self.pages = pages
        self._shown = pages
        self.home = folder / "dagster_home"
        if address is None and database is None and (cluster := running_cluster()):
            place = cluster.place_of(self.home)
            address, database = place.address, place.database
        self.address = address
        self.database = database
        self.data = folder / ("data" if address is None else "work")
        self.shop = RunningShop(
            ShopSettings(pages=pages, page_size=page_size, latency_ms=latency_ms), port=0
        )
        self.kind = kind
        length = {"last_page": pages} if kind == "fixed" else {"pages": FOUND[kind]}
        self._attributes = {**length, **attributes}
        self._commands: list[CommandProcess] = []

    def __enter__(self) -> Scene:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.database is not None:
            write_postgres_home(self.home, self.database)
        self.shop.start()
        self.site = Site(self.folder / "catalogues", self.shop)
        self.shop.control(tells_size=self.kind == "told")
        self.describe()
        return self

    def __exit__(self, *error: object) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.shop.stop()

    def describe(self, **changes: Any) -> Catalogue:
        """Write the catalogue's YAML, with changes that stay."""
        self._attributes |= changes
        self.pages = self._attributes.get("last_page", self.pages)
        self.catalogue = self.site.write(**self._attributes)
        if self.kind in FOUND:
            self.catalogue = self.catalogue.with_pages(page_keys(1, self.pages))
        return self.catalogue

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the scene's commands."""
        values = {key: value for key, value in os.environ.items() if key != DATA_VARIABLE}
        return values | {
            HOME_VARIABLE: str(self.home),
            DATA_VARIABLE: self.address or str(self.data),
            EXTRA_FOLDER_VARIABLE: str(self.folder / "catalogues"),
            "PYTHONPATH": str(ROOT),
        }

    @property
    def places(self) -> CataloguePlaces:
        """Where the catalogue's files are."""
        return CataloguePlaces(self.data / NAME, self.address and f"{self.address}/{NAME}")

    @property
    def store(self) -> Store:
        """The catalogue's page files."""
        return page_store(self.places)

    def start(
        self,
        *arguments: str,
        program: list[str] | None = None,
        environ: dict[str, str] | None = None,
    ) -> CommandProcess:
        """Start a command, `catalog-pipeline` if no other program is named."""
        command = CommandProcess(
            [*(program or COMMAND), *arguments],
            folder=self.folder,
            environ={**self.environ, **(environ or {})},
        )
        self._commands.append(command)
        return command

    def run(self, *arguments: str, program: list[str] | None = None) -> CommandProcess:
        """Run a command to its end."""
        process = self.start(*arguments, program=program)
        process.wait()
        return process

    def crawl(self, *options: str) -> CommandProcess:
        """Run `catalog-pipeline run` to its end, as a process of its own."""
        return self.run("run", NAME, *options)

    def crawl_here(self, *options: str) -> Answer:
        """The same within this process, in its main thread: it costs a third of a process."""
        out, err = StringIO(), StringIO()
        with self._environment(), redirect_stdout(out), redirect_stderr(err):
            code = run_command(["run", NAME, *options])
            # What workers are made by is a process of ours, and none of the crawl's.
            end_template()
        return Answer(code, out.getvalue(), err.getvalue())

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The scene's Dagster instance, within this process."""
        with dg.DagsterInstance.from_config(str(self.home)) as opened:
            yield opened

    @contextmanager
    def as_environment(self) -> Iterator[dg.DagsterInstance]:
        """This process in the scene's environment: what is crawled within the block is its."""
        with self._environment(), open_instance() as opened:
            yield opened

    @contextmanager
    def _environment(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(self.environ)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def statuses(self) -> PageStatuses:
        """The status of each page, from the event log."""
        with self.instance() as instance:
            return read_statuses(instance, self.catalogue, self.catalogue.pages)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the catalogue's pages."""
        return [page.number for page in self.catalogue.pages]

    def done(self) -> set[int]:
        """The numbers of the pages that are done, from the event log."""
        return {page.number for page in self.statuses().done}

    def stored(self, since: datetime | None = None) -> set[int]:
        """The pages that have a whole file, from that time on if one is given."""
        for name in (found := self.store.newest()).values():
            self.store.recognise(name)
        return {
            page.number for page, name in found.items() if since is None or name.fetched_at >= since
        }

    def downloads(self) -> Counter[int]:
        """How many requests for each page of the shop came to it, answered or not, 304 included."""
        paths = (parse_qs(urlsplit(path).query) for _, path, _ in self.shop.log())
        asked = Counter(int(query["page"][0]) for query in paths if "page" in query)
        return Counter({page: count for page, count in asked.items() if page <= self._shown})

    def forget_downloads(self) -> None:
        """Let the shop count from zero."""
        self.shop.control(reset_hits=True)

    def processes(self) -> list[int]:
        """Processes of the scene's commands that are alive."""
        # The system shows the environment of a fork as that of the process that was forked.
        commands = {each.pid for each in self._commands if not each.has_ended}
        return sorted({*living_with(HOME_VARIABLE, str(self.home)), *commands})

    def kill(self, process: CommandProcess, victims: Victims) -> None:
        """SIGKILL a command: its process alone, its group, or all at once, workers too."""
        pids = [pid for pid in self.processes() if victims == "all" and pid != process.pid]
        process.signal(signal.SIGKILL, whole_group=victims == "group")
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def wait_until_dead(self, seconds: float = 60.0) -> None:
        """Wait until no process of the scene is left: workers end when their crawl has.

        A process that was killed may still have a thread at the disk; the lock of the crawl, which
        workers share, is let go of after that.
        """
        end = time.monotonic() + seconds
        while (left := self.processes()) or is_locked(self.places.folder / CRAWL_LOCK):
            if time.monotonic() > end:
                raise AssertionError(f"processes {left} outlive their crawl by {seconds:g} s")
            time.sleep(0.02)


def dying(scene: Scene, point: str, call: int = 1, *options: str) -> CommandProcess:
    """Crawl until death comes at a kill point; returns the ended command."""
    folders = [str(Path(__file__).with_name("in_every_process")), str(ROOT)]
    process = scene.start(
        "run",
        NAME,
        *options,
        program=[*MODULE, "catalog_pipeline_tests.crash.dying"],
        environ={PLACE: f"{point}:{call}", "PYTHONPATH": os.pathsep.join(folders)},
    )
    process.wait()
    return process
