"""What can become of pages, acted out: a small site, a real instance, and workers in this thread.

Belongs here: doing what people, signals and daemons do to one catalogue. What has to come of it is
for the tests to say. No process is started for a crawl, so that one takes a tenth of a second; one
that is to be killed is a fork of this process.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.finding import FILE_NAME
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.names import (
    RANGE_END_TAG,
    RANGE_START_TAG,
    RETRY_NUMBER_TAG,
    pages_key,
)
from catalog_pipeline.places import SETTINGS_NAME, catalogue_places
from catalog_pipeline.records import StoredPage
from catalog_pipeline_tests.workforce_here import WorkforceHere
from catalog_pipeline_tests.written_site import WrittenSite, listing

PAGES = (1, 2, 3)
GOOD, BARE, GONE, BROKEN = "good", "bare", "404", "500"
"""What the site shows for a page: all there is to it, no text, nothing, an error that passes."""
PLAIN, TEXT, STRICT = "plain", "with text", "text required"
"""What the YAML reads; the last of them cannot read a bare page."""
_FIELDS: dict[str, dict[str, object]] = {
    PLAIN: {},
    TEXT: {"text": {"select": "i"}},
    STRICT: {"text": {"select": "i", "required": True}},
}


class _SignalAfter(Observer):
    """Sends this process a signal once so many pages have been stored; SIGKILL ends it here."""

    def __init__(self, number: int, pages: int) -> None:
        self._number = number
        self._left = pages

    def page_stored(self, stored: StoredPage) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._number)


class _Mortals:
    """Makes processes that may be killed: forks of one that has never opened a database.

    SQLite's connections do not outlive a fork.
    """

    def __init__(self, yaml: Path) -> None:
        self._yaml = yaml
        self._ours, theirs = multiprocessing.Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._ours.close()
            self._serve(theirs)
        theirs.close()

    def run(self, pages: Sequence[PageKey], after: int) -> bool:
        """A command over the pages, killed after so many of them; whether it was, at its end."""
        self._ours.send((pages, after))
        ended = self._ours.recv()
        assert ended in (0, -signal.SIGKILL), f"the command broke, see standard error: {ended}"
        return bool(ended)

    def close(self) -> None:
        """End the process that makes them."""
        self._ours.close()
        os.waitpid(self._pid, 0)

    def _serve(self, asked: Connection) -> NoReturn:
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                pages, after = asked.recv()
                pid = os.fork()
                if pid == 0:
                    try:
                        self._die(pages, after)
                        os._exit(0)
                    except BaseException:
                        traceback.print_exc()
                    finally:
                        os._exit(1)
                _, status = os.waitpid(pid, 0)
                asked.send(os.waitstatus_to_exitcode(status))
        os._exit(0)

    def _die(self, pages: Sequence[PageKey], after: int) -> None:
        catalogue = read_catalogue(self._yaml)
        places = catalogue_places("shop")
        with open_instance() as instance, catalogue_lock(places.folder, "a command") as lease:
            context = CrawlContext(
                lease=lease,
                observer=_SignalAfter(signal.SIGKILL, after),
                workforce=WorkforceHere(catalogue, places),
            )
            crawl_and_build(instance, CrawlRequest(catalogue, tuple(pages)), Spectator(), context)


class Scene:
    """One catalogue `shop` on one instance, to which everything may happen."""

    def __init__(
        self, folder: Path, home: Path, new_home: Callable[[], object], site: WrittenSite
    ) -> None:
        self._folder, self._home, self._new_home = folder, home, new_home
        self._mortals = _Mortals(folder / "shop" / FILE_NAME)
        self.site = site
        self.catalogue: Catalogue
        self.instance: dg.DagsterInstance

    def begin(self) -> None:
        """A new home without history, a site that shows all, and a YAML that reads little."""
        shutil.rmtree(self._home, ignore_errors=True)
        self._new_home()
        told = (self._home / SETTINGS_NAME).read_text()
        # A run that waits here may wait for long, and is alive all the same.
        told = re.sub("start_timeout_seconds: .*", "start_timeout_seconds: 360000", told)
        (self._home / SETTINGS_NAME).write_text(told)
        shutil.rmtree(catalogue_places("shop").folder, ignore_errors=True)
        self._opened = open_instance()
        self.instance = self._opened.__enter__()
        for page in PAGES:
            self.show(page, GOOD)
        self.site.asked.clear()
        self.edit(PLAIN)

    def end(self) -> None:
        """Close the instance."""
        self._opened.__exit__(None, None, None)

    def close(self) -> None:
        """End what was started for it."""
        self._mortals.close()

    def show(self, page: int, what: str, text: str = "a") -> None:
        """Let the site show something else for a page, with a text of its products."""
        path = f"/products?page={page}"
        self.site.answers.pop(path, None)
        if what in (GONE, BROKEN):
            self.site.answers[path] = lambda headers: (int(what), {}, "")
        else:
            body = listing(page, text, text)
            self.site.bodies[path] = body if what == GOOD else body.replace("<i>", "<u>")

    def edit(self, variant: str) -> None:
        """Write another YAML."""
        self._folder.mkdir(parents=True, exist_ok=True)
        politeness = {
            "requests_per_second": None,
            "concurrency": 1,
            "max_attempts": 1,
            "obey_robots": False,
            "stop_window": 99,
        }
        self.catalogue = self.site.describe_in(
            self._folder, _FIELDS[variant], last_page=len(PAGES), politeness=politeness
        )

    def command(
        self, pages: Sequence[PageKey], *, refresh_at: object = None, stop_after: int = 0
    ) -> CrawlResult:
        """`catalog-pipeline run`, with a Ctrl-C after so many pages."""
        places = catalogue_places("shop")
        cutoff = refresh_at
        request = CrawlRequest(self.catalogue, tuple(pages), cutoff)  # type: ignore[arg-type]
        with catalogue_lock(places.folder, "a command") as lease:
            context = CrawlContext(
                lease=lease,
                observer=_SignalAfter(signal.SIGINT, stop_after),
                workforce=WorkforceHere(self.catalogue, places),
            )
            return crawl_and_build(self.instance, request, Spectator(), context)

    def killed_command(self, pages: Sequence[PageKey], *, after: int) -> bool:
        """The same, in a process that is killed once so many pages have been stored; whether it
        came to that."""
        return self._mortals.run(tuple(pages), after)

    def web_run(
        self,
        first: int,
        last: int,
        *,
        retry_of: dg.DagsterRun | None = None,
        by_daemon: bool = False,
    ) -> dg.DagsterRun:
        """A run over a range as the web UI makes it: planned, and not begun."""
        parent = retry_of.run_id if retry_of else None
        number = {RETRY_NUMBER_TAG: "1"} if by_daemon else {}
        return self.instance.create_run_for_job(
            self._job(Observer()),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={RANGE_START_TAG: str(first), RANGE_END_TAG: str(last), **number},
            asset_selection=frozenset({pages_key(self.catalogue)}),
            root_run_id=(retry_of.root_run_id or parent) if retry_of else None,
            parent_run_id=parent,
        )

    def execute(self, run: dg.DagsterRun, *, terminate_after: int = 0) -> dg.DagsterRun:
        """Execute a planned run; *Terminate* after so many pages."""
        scene = self

        class Terminating(Observer):
            left = terminate_after

            def page_stored(self, stored: StoredPage) -> None:
                self.left -= 1
                if self.left == 0:
                    scene.instance.report_run_canceling(run)
                    os.kill(os.getpid(), signal.SIGTERM)

        job = InMemoryJob(self._job(Terminating()))
        execute_run(job, run, self.instance, raise_on_error=False)
        ended = self.instance.get_run_by_id(run.run_id)
        assert ended is not None
        return ended

    def wipe(self, page: int) -> None:
        """*Wipe materializations* of one partition."""
        self.instance.wipe_asset_partitions(pages_key(self.catalogue), [str(page)])

    def _job(self, observer: Observer) -> dg.JobDefinition:
        places = catalogue_places("shop")
        workers = WorkforceHere(self.catalogue, places)
        context = CrawlContext(observer=observer, workforce=workers)
        return dg.Definitions(
            assets=[build_pages_asset(self.catalogue, context)], executor=dg.in_process_executor
        ).resolve_implicit_global_asset_job_def()
