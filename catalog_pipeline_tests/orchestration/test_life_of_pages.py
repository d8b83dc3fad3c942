"""The life of a page, as `docs/guarantees.md` has it in a table, in whatever order things happen.

`Page` is that table written down once more, and knows nothing of events. After each step what the
command reads out of the event log has to be what the table says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, pages_key
from catalog_pipeline.records import StoredPage
from catalog_pipeline_tests.orchestration.life_of_pages import (
    BARE,
    BROKEN,
    GONE,
    GOOD,
    PAGES,
    PLAIN,
    STRICT,
    TEXT,
    Scene,
)
from catalog_pipeline_tests.orchestration.made_runs import grid
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.written_site import written_site

pytestmark = pytest.mark.processes

kills_forks = pytest.mark.embedded(
    "kills forks of a process that has used a store, which no fork survives"
)

STEPS_VARIABLE = "CATALOG_PIPELINE_LIFE_STEPS"
STEPS_OF_AN_EXAMPLE = 30
FATES = {
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.SUCCESS: "over",
    dg.DagsterRunStatus.CANCELED: "over",
}
SHOWN = {
    "done": "MATERIALIZED",
    "failed": "FAILED",
    "in progress": "IN_PROGRESS",
    "missing": None,
}
RANGES = st.sampled_from([(1, 1), (2, 2), (3, 3), (1, 2), (2, 3), (1, 3)])
SOME_PAGES = st.sampled_from([(1,), (2,), (3,), (1, 3), (1, 2, 3)])


@dataclass(frozen=True)
class Stored:
    """A page on disk: what the site showed, which YAML read it, and when it came."""

    shown: str
    read_by: str
    at: int


@dataclass(frozen=True)
class Failure:
    """Why a page could not be had; with `unread_by` its stored body could not be read."""

    may_pass: bool
    at: int
    unread_by: str | None = None


@dataclass
class Run:
    """A run that announced pages; its fate is one of waiting, failed, over and dead."""

    pages: Sequence[int]
    root_at: int
    run: dg.DagsterRun | None = None
    fate: str = "waiting"
    is_of_command: bool = False
    is_of_daemon: bool = False
    failures: list[Failure] = field(default_factory=list)
    failed_pages: list[int] = field(default_factory=list)


@dataclass
class Page:
    """One page: its checkpoint, its last failure, and the runs that announced it since it came."""

    done: Stored | None = None
    failure: Failure | None = None
    announcements: list[Run] = field(default_factory=list)
    unrecorded: Stored | None = None

    @property
    def announced(self) -> Run | None:
        """The last run that announced it and has not been cancelled."""
        return next((run for run in reversed(self.announcements) if run.fate != "over"), None)

    @property
    def fate(self) -> str:
        """That of the run that announced it, if it has come to nothing since."""
        return self.announced.fate if self.announced else "over"

    def is_awaited_by(self, run: Run) -> bool:
        """Whether that run has announced it."""
        return any(announced is run for announced in self.announcements)

    @property
    def status(self) -> str:
        """As the first of these that holds."""
        if self.fate == "failed":
            return "failed"
        if self.fate == "waiting":
            return "in progress"
        if self.failure:
            return "failed"
        return "done" if self.done else "missing"

    @property
    def shown(self) -> str | None:
        """Its colour in the web UI, which knows of a dead run only what the daemon has found."""
        return SHOWN["in progress" if self.fate == "dead" else self.status]

    @property
    def is_interrupted(self) -> bool:
        """Whether a run that announced it died without a word."""
        return self.fate == "dead" and self.status in ("done", "missing")

    def is_to_parse(self, today: str) -> bool:
        """Whether nothing but another look at its stored body is due."""
        if self.done is None or self.is_interrupted:
            return False
        if self.status == "failed":
            return self.failure is not None and self.failure.unread_by not in (None, today)
        return self.status == "done" and self.done.read_by != today

    def record(self, stored: Stored) -> None:
        """Done: no failure and no announcement stands any more."""
        self.done, self.failure, self.announcements = stored, None, []
        if self.unrecorded and self.unrecorded.at <= stored.at:
            self.unrecorded = None


def can_read(variant: str, shown: str) -> bool:
    return shown == GOOD or (shown == BARE and variant != STRICT)


class LifeOfPages(RuleBasedStateMachine):
    """What people, signals and daemons do to three pages, and what has to come of it."""

    scene: Scene

    def __init__(self) -> None:
        super().__init__()
        self.scene.begin()
        self.now = 0
        self.today = PLAIN
        self.shown = dict.fromkeys(PAGES, GOOD)
        self.pages = {page: Page() for page in PAGES}
        self.asked = dict.fromkeys(PAGES, 0)
        self.runs: list[Run] = []

    def teardown(self) -> None:
        self.scene.end()

    # What the site and the YAML do.

    @rule(page=st.sampled_from(PAGES), what=st.sampled_from([GOOD, BARE, GONE, BROKEN]))
    def site_changes(self, page: int, what: str) -> None:
        self.shown[page] = what
        self.scene.show(page, what)

    @rule(variant=st.sampled_from([PLAIN, TEXT, STRICT]))
    def yaml_is_edited(self, variant: str) -> None:
        self.today = variant
        self.scene.edit(variant)

    # What the command does.

    @rule(pages=SOME_PAGES, refresh=st.booleans(), stop_after=st.sampled_from([0, 0, 1, 2]))
    def command(self, pages: tuple[int, ...], refresh: bool, stop_after: int) -> None:
        run, due, besides, is_refresh = self._command_begins(pages, refresh=refresh)
        refresh_at = datetime.now(timezone.utc) if refresh else None
        result = self.scene.command(keys(*pages), refresh_at=refresh_at, stop_after=stop_after)
        if run is not None:
            assert result.run_id is not None
            run.run = self.scene.instance.get_run_by_id(result.run_id)
            self._crawl(run, due, besides, is_refresh, stop_after=stop_after)
            self._ended(run)
        assert result.run_id is None or run is not None

    @rule(pages=SOME_PAGES, after=st.sampled_from([1, 2]))
    def command_is_killed(self, pages: tuple[int, ...], after: int) -> None:
        before = self._checkpoints()
        run, due, besides, is_refresh = self._command_begins(pages)
        was_killed = self.scene.killed_command(keys(*pages), after=after)
        if run is None:
            return
        run.run = self._latest_crawl()
        on_disk = self._crawl(run, due, besides, is_refresh, killed_after=after)
        assert was_killed == bool(on_disk), (was_killed, on_disk, due, besides, after, self.shown)
        if not on_disk:
            self._ended(run)
            return
        run.fate = "dead"
        after_it = self._checkpoints()
        for number, stored in on_disk.items():
            page = self.pages[number]
            if after_it.get(number) != before.get(number):
                page.record(stored)
            elif page.done is None or stored.at > page.done.at:
                page.unrecorded = stored

    # What the web UI and its daemons do.

    @rule(ends=RANGES)
    def web_run_is_launched(self, ends: tuple[int, int]) -> None:
        self.web_launched(*ends)

    @precondition(lambda self: self._with_fate("waiting"))
    @rule(terminate_after=st.sampled_from([0, 0, 0, 1, 2]), data=st.data())
    def web_run_is_executed(self, terminate_after: int, data: st.DataObject) -> None:
        self.web_executed(data.draw(st.sampled_from(self._with_fate("waiting"))), terminate_after)

    def web_launched(self, first: int, last: int) -> Run:
        run = Run(range(first, last + 1), self._tick())
        self._launched(run, self.scene.web_run(first, last))
        return run

    def web_executed(self, run: Run, terminate_after: int = 0) -> None:
        assert run.run is not None
        self._tick()
        besides = self._needing_a_look(run.pages)
        run.run = self.scene.execute(run.run, terminate_after=terminate_after)
        self._crawl(run, run.pages, besides, False, stop_after=terminate_after)
        self._ended(run)

    @precondition(lambda self: self._with_fate("waiting"))
    @rule(is_cancelled=st.booleans(), data=st.data())
    def web_run_never_begins(self, is_cancelled: bool, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self._with_fate("waiting")))
        assert run.run is not None
        if is_cancelled:
            self.scene.instance.report_run_canceled(run.run)
        else:
            self.scene.instance.report_run_failed(run.run)
        run.fate = "over"

    @precondition(lambda self: self._failed_of_the_web())
    @rule(data=st.data())
    def failed_run_is_executed_again(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self._failed_of_the_web()))
        assert run.run is not None
        by_daemon = run.run.tags.get(MAX_RETRIES_TAG) != "0" and data.draw(st.booleans())
        ends = run.pages[0], run.pages[-1]
        again = self.scene.web_run(*ends, retry_of=run.run, by_daemon=by_daemon)
        self._launched(Run(run.pages, run.root_at, is_of_daemon=by_daemon), again)

    @precondition(lambda self: self._with_fate("dead"))
    @rule()
    def daemon_finds_the_dead(self) -> None:
        for run in self._with_fate("dead"):
            assert run.run is not None
            self.scene.instance.report_run_failed(run.run)
            run.fate = "failed"

    @rule(page=st.sampled_from(PAGES))
    def partition_is_wiped(self, page: int) -> None:
        self.scene.wipe(page)
        self.pages[page] = Page()

    # What has to come of it.

    @invariant()
    def command_says_what_the_table_says(self) -> None:
        standing = read_standing(self.scene.instance, self.scene.catalogue)
        found = standing.statuses
        told = {
            "done": found.done,
            "failed": found.failed.keys(),
            "in progress": found.in_progress.keys(),
            "missing": found.missing,
        }
        seen = {page.number: status for status, pages in told.items() for page in pages}
        assert seen == {number: page.status for number, page in self.pages.items()}
        assert {page.number for page in found.interrupted} == {
            number for number, page in self.pages.items() if page.is_interrupted
        }
        assert {page.number for page in standing.to_parse} == {
            number for number, page in self.pages.items() if page.is_to_parse(self.today)
        }
        assert {page.number for page in standing.checkpoints} == {
            number for number, page in self.pages.items() if page.done
        }

    @invariant()
    def web_ui_shows_what_the_table_says(self) -> None:
        expected = {number: page.shown for number, page in self.pages.items()}
        for _ in range(2):
            shown = grid(self.scene.instance, self.scene.catalogue)
            assert {page: shown.get(str(page)) for page in PAGES} == expected
            # What it remembers of its last look has to be what one sees who looks afresh.
            self.scene.instance.wipe_asset_cached_status([pages_key(self.scene.catalogue)])

    @invariant()
    def nothing_is_asked_for_twice(self) -> None:
        asked = {page: self.scene.site.asked[f"/products?page={page}"] for page in PAGES}
        assert asked == self.asked

    # The table, acted out.

    def _tick(self) -> int:
        self.now += 1
        return self.now

    def _with_fate(self, fate: str) -> list[Run]:
        return [run for run in self.runs if run.fate == fate]

    def _failed_of_the_web(self) -> list[Run]:
        return [run for run in self._with_fate("failed") if not run.is_of_command]

    def _checkpoints(self) -> dict[int, StoredPage]:
        catalogue = self.scene.catalogue
        found = read_checkpoints(self.scene.instance, catalogue, catalogue.pages)
        return {page.number: stored for page, stored in found.items()}

    def _latest_crawl(self) -> dg.DagsterRun:
        crawled = pages_key(self.scene.catalogue)
        return next(
            run
            for run in self.scene.instance.get_runs(limit=2)
            if crawled in (run.asset_selection or ())
        )

    def _launched(self, run: Run, made: dg.DagsterRun) -> None:
        run.run = made
        self._announce(run, run.pages)

    def _announce(self, run: Run, pages: Collection[int]) -> None:
        if run not in self.runs:
            self.runs.append(run)
        for page in pages:
            self.pages[page].announcements.append(run)

    def _ended(self, run: Run) -> None:
        assert run.run is not None
        ended = self.scene.instance.get_run_by_id(run.run.run_id)
        assert ended is not None
        run.run, run.fate = ended, FATES[ended.status]
        if ended.status == dg.DagsterRunStatus.CANCELED:
            # In the web UI a run of their own keeps them red.
            for number in run.failed_pages:
                self.pages[number].announcements.append(Run((), 0, fate="failed"))
        if run.fate == "failed" and not run.is_of_command:
            is_retried = ended.tags.get(MAX_RETRIES_TAG) != "0"
            assert is_retried == any(failure.may_pass for failure in run.failures)

    def _needing_a_look(self, own: Collection[int]) -> list[int]:
        """The pages that a run of the web UI parses besides its own."""
        if all(
            page.done is None or page.done.read_by == self.today for page in self.pages.values()
        ):
            return []
        return [
            number
            for number, page in self.pages.items()
            if number not in own and page.is_to_parse(self.today)
        ]

    def _command_begins(
        self, wanted: Sequence[int], *, refresh: bool = False
    ) -> tuple[Run | None, list[int], list[int], bool]:
        """The run that a command makes, with the pages that it downloads and parses."""
        self._tick()
        besides = [
            number
            for number in wanted
            if self.pages[number].is_to_parse(self.today) and not refresh
        ]
        due = [
            number
            for number in wanted
            if number not in besides
            and (
                refresh or self.pages[number].status != "done" or self.pages[number].is_interrupted
            )
        ]
        if not due and not besides:
            return None, [], [], refresh
        at = self._tick()
        run = Run(due, at, is_of_command=True)
        self._announce(run, due)
        return run, due, besides, refresh

    def _crawl(
        self,
        run: Run,
        own: Sequence[int],
        besides: Sequence[int],
        is_refresh: bool,
        *,
        stop_after: int = 0,
        killed_after: int = 0,
    ) -> dict[int, Stored]:
        """Act out a run; gives what was on disk and perhaps not recorded when it was killed."""
        to_parse, due = self._sorted(run, own, besides, is_refresh)
        on_disk: dict[int, Stored] = {}
        run.failures = [
            failure
            for number in due
            if (failure := self.pages[number].failure) is not None
            and run.is_of_daemon
            and failure.at >= run.root_at
            and not failure.may_pass
        ]
        due = [number for number in due if self.pages[number].failure not in run.failures]
        # A wipe takes the announcement of a run that waits along.
        self._announce(run, [number for number in due if not self.pages[number].is_awaited_by(run)])
        for number, stored in [*to_parse, *((number, None) for number in due)]:
            if stop_after and len(on_disk) >= stop_after:
                break
            came = self._had(number, stored)
            if isinstance(came, Stored):
                on_disk[number] = came
                if killed_after and len(on_disk) >= killed_after:
                    return on_disk
                continue
            if number not in own:
                self._announce(run, [number])
            self.pages[number].failure = replace(came, at=self._tick())
            run.failures.append(came)
            run.failed_pages.append(number)
        for number, came in on_disk.items():
            self.pages[number].record(came)
        return {}

    def _sorted(
        self, run: Run, own: Sequence[int], besides: Sequence[int], is_refresh: bool
    ) -> tuple[list[tuple[int, Stored]], list[int]]:
        """The pages of a run to parse and to download; what is done already is recorded again."""
        to_parse: list[tuple[int, Stored]] = []
        due: list[int] = []
        for number in [*own, *besides]:
            page = self.pages[number]
            is_unreadable = page.failure is not None and page.failure.unread_by == self.today
            is_old = page.done is not None and number in own and page.done.at < run.root_at
            found = None if is_old else page.done
            for stored in (found, page.unrecorded):
                if stored is None or (is_refresh and stored.at < run.root_at):
                    continue
                if stored.read_by == self.today:
                    page.record(stored)
                    break
                if not is_unreadable:
                    to_parse.append((number, stored))
                    break
            else:
                due.append(number)
        return to_parse, due

    def _had(self, number: int, stored: Stored | None) -> Stored | Failure:
        """What comes of a page that is parsed again, or asked for."""
        if stored is not None:
            if can_read(self.today, stored.shown):
                return replace(stored, read_by=self.today)
            return Failure(may_pass=False, at=0, unread_by=self.today)
        self.asked[number] += 1
        shown = self.shown[number]
        if can_read(self.today, shown):
            return Stored(shown, self.today, self._tick())
        return Failure(may_pass=shown == BROKEN, at=0)


@pytest.fixture
def machine(
    tmp_path: Path, no_home: Path, new_home: Callable[[], Path]
) -> Iterator[type[LifeOfPages]]:
    """The machine, set in a folder of this test."""
    with written_site() as site:

        class Here(LifeOfPages):
            scene = Scene(tmp_path / "catalogues", no_home, new_home, site)

        yield Here
        Here.scene.close()


@kills_forks
def test_a_page_is_what_the_table_says_in_whatever_order_things_happen(
    machine: type[LifeOfPages],
):
    steps = int(os.environ.get(STEPS_VARIABLE, "300"))
    run_machine(
        machine,
        settings=settings(
            max_examples=max(1, steps // STEPS_OF_AN_EXAMPLE),
            stateful_step_count=STEPS_OF_AN_EXAMPLE,
            deadline=None,
            database=None,
            derandomize=STEPS_VARIABLE not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )


@kills_forks
def test_a_page_that_a_killed_command_had_begun_to_parse_again_is_no_failure_of_the_run_before(
    machine: type[LifeOfPages],
):
    """Its body was on disk, and read by another YAML, when the first run was killed."""
    life = machine()
    try:
        life.yaml_is_edited(variant=STRICT)
        life.command_is_killed(after=1, pages=(1, 3))
        life.daemon_finds_the_dead()
        life.yaml_is_edited(variant=PLAIN)
        life.command_is_killed(after=1, pages=(1, 3))
        life.command_says_what_the_table_says()
        life.web_ui_shows_what_the_table_says()
        life.nothing_is_asked_for_twice()
    finally:
        life.teardown()


def test_a_page_fails_in_a_run_that_waited_while_another_had_it(machine: type[LifeOfPages]):
    """What announced it is older than its checkpoint by then."""
    life = machine()
    try:
        early = life.web_launched(3, 3)
        life.command(pages=(3,), refresh=True, stop_after=0)
        late = life.web_launched(1, 3)
        life.web_executed(early)
        life.site_changes(page=3, what=BROKEN)
        life.web_executed(late)
        life.command_says_what_the_table_says()
        life.web_ui_shows_what_the_table_says()
    finally:
        life.teardown()
