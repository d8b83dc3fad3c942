"""What every implementation of a crawl's interfaces is held to: one suite for each."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.progress import RunProgress
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.crawling.lock import catalogue_lock, holder_of
from catalog_pipeline.crawling.observers import Together
from catalog_pipeline.crawling.ports import Lease, Observer, Recorder, Throttle
from catalog_pipeline.crawling.scheduling.shared_throttle import SharedThrottle
from catalog_pipeline.crawling.scheduling.throttle import AdaptiveThrottle
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints, read_failures
from catalog_pipeline.orchestration.checkpoints.writer import EventRecorder
from catalog_pipeline.orchestration.instance.host_leases import hold_catalogue
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres.leases import PostgresLease
from catalog_pipeline.orchestration.names import pages_key, pages_step
from catalog_pipeline.orchestration.runs.run_log import RunLog
from catalog_pipeline.records import PageFailure, PageRecord, StoredPage
from catalog_pipeline.system.clock import seconds_since_boot
from catalog_pipeline_tests.crawling.played_pace import PlayedPace
from catalog_pipeline_tests.crawling.recorders import KeptRecords
from catalog_pipeline_tests.site import Site

AT = datetime(2026, 1, 31, tzinfo=timezone.utc)
RECORD = PageRecord(
    PageKey(1), "http://shop.example/1", 200, 20, 900, 0.1, 1, AT,
    "text/html", '"e"', None, False, "v", "c",
)  # fmt: skip


def _page(number: int, at: datetime = AT) -> StoredPage:
    record = replace(RECORD, page=PageKey(number), fetched_at=at)
    return StoredPage(record, f"{number}.page", f"{number:064}")


def _failure(number: int) -> PageFailure:
    message = f"page {number} http://shop.example/{number}: HTTP 404"
    url = f"http://shop.example/{number}"
    return PageFailure(PageKey(number), url, "status_404_410", message, 404, 1, AT)


class RecorderCase(Protocol):
    """An implementation of `Recorder`, and what it shows afterwards."""

    def use(self, act: Callable[[Recorder], None]) -> None: ...
    def recorded(self) -> dict[PageKey, StoredPage]: ...
    def failures(self) -> dict[PageKey, PageFailure]: ...


class KeptRecordsCase:
    def __init__(self) -> None:
        self._records = KeptRecords()

    def use(self, act: Callable[[Recorder], None]) -> None:
        act(self._records)

    def recorded(self) -> dict[PageKey, StoredPage]:
        return {stored.record.page: stored for group in self._records.groups for stored in group}

    def failures(self) -> dict[PageKey, PageFailure]:
        return {failure.page: failure for failure in self._records.failures}


class EventRecorderCase:
    """In a step of a run, as the project's own asset has it."""

    PAGES: Sequence[PageKey] = [PageKey(number) for number in range(1, 6)]

    def __init__(self, instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
        self._instance = instance
        self._catalogue = catalogue

    def use(self, act: Callable[[Recorder], None]) -> None:
        @dg.multi_asset(
            name=pages_step(self._catalogue),
            specs=[dg.AssetSpec(pages_key(self._catalogue), skippable=True)],
            partitions_def=dg.StaticPartitionsDefinition([str(page) for page in self.PAGES]),
            backfill_policy=dg.BackfillPolicy.single_run(),
        )
        def product_pages(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
            act(EventRecorder(context, pages_key(self._catalogue), self.PAGES))
            yield from ()

        result = dg.materialize([product_pages], instance=self._instance, partition_key="1")
        assert result.success

    def recorded(self) -> dict[PageKey, StoredPage]:
        return dict(read_checkpoints(self._instance, self._catalogue, self.PAGES))

    def failures(self) -> dict[PageKey, PageFailure]:
        return dict(read_failures(self._instance, self._catalogue, self.PAGES))


@pytest.fixture(params=["kept records", "event log"])
def recorder_case(request: pytest.FixtureRequest, home: Path, site: Site) -> Iterator[RecorderCase]:
    if request.param == "kept records":
        yield KeptRecordsCase()
        return
    with open_instance() as instance:
        yield EventRecorderCase(instance, site.catalogue)


def test_pages_are_recorded_when_it_has_returned_with_all_that_is_known(
    recorder_case: RecorderCase,
):
    seen: list[dict[PageKey, StoredPage]] = []

    def act(recorder: Recorder) -> None:
        recorder.record_pages([_page(1), _page(3)])
        seen.append(recorder_case.recorded())

    recorder_case.use(act)
    assert seen == [{PageKey(1): _page(1), PageKey(3): _page(3)}]


def test_the_latest_record_of_a_page_counts(recorder_case: RecorderCase):
    later = _page(2, AT + timedelta(hours=1))

    def act(recorder: Recorder) -> None:
        recorder.record_pages([_page(2)])
        recorder.record_pages([later])

    recorder_case.use(act)
    assert recorder_case.recorded() == {PageKey(2): later}


def test_a_failure_is_recorded_with_its_reason_and_is_no_page(recorder_case: RecorderCase):
    recorder_case.use(lambda recorder: recorder.record_failure(_failure(4)))
    assert recorder_case.recorded() == {}
    found = recorder_case.failures()[PageKey(4)]
    assert (found.kind, found.message, found.http_status) == (
        "status_404_410", _failure(4).message, 404,
    )  # fmt: skip


def test_a_page_that_is_taken_back_was_never_recorded_and_may_fail(recorder_case: RecorderCase):
    def act(recorder: Recorder) -> None:
        recorder.record_pages([_page(2), _page(3)])
        recorder.take_back(PageKey(3))
        recorder.record_failure(_failure(3))

    recorder_case.use(act)
    assert recorder_case.recorded() == {PageKey(2): _page(2)}
    assert set(recorder_case.failures()) == {PageKey(3)}


@contextmanager
def _folder_lock(folder: Path) -> Iterator[Lease]:
    with catalogue_lock(folder, "run-a") as lock:
        assert lock is not None
        yield lock


@contextmanager
def _lease_in_postgresql(folder: Path) -> Iterator[Lease]:
    with open_instance() as instance, hold_catalogue(instance, folder, "run-a") as lease:
        assert isinstance(lease, PostgresLease)
        yield lease


Hold = Callable[[Path], AbstractContextManager[Lease]]


@pytest.fixture(params=[_folder_lock, _lease_in_postgresql])
def hold(request: pytest.FixtureRequest) -> Hold:
    if request.param is _lease_in_postgresql:
        request.getfixturevalue("postgres_home")
    found: Hold = request.param
    return found


@pytest.mark.processes
def test_a_lease_is_held_until_it_is_let_go_of(hold: Hold, tmp_path: Path):
    with hold(tmp_path):
        assert holder_of(tmp_path) is not None
    assert holder_of(tmp_path) is None


@pytest.mark.processes
def test_whoever_holds_a_lease_may_ask_and_record(hold: Hold, tmp_path: Path):
    done: list[str] = []
    with hold(tmp_path) as lease:
        lease.check()
        assert lease.asks_until > seconds_since_boot()
        lease.record(lambda: done.append("once"))
        with pytest.raises(KeyError, match="by whoever records"):
            lease.record(lambda: _fail(KeyError("by whoever records")))
        lease.record(lambda: done.append("again"))
    assert done == ["once", "again"]


def _fail(error: Exception) -> None:
    raise error


@pytest.mark.processes
def test_a_program_that_shares_a_lease_keeps_it_from_others(hold: Hold, tmp_path: Path):
    program = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with hold(tmp_path) as lease:
        sharing = subprocess.Popen(program, stdin=subprocess.PIPE, pass_fds=list(lease.descriptors))
        lease.name_workers([sharing.pid])
    assert holder_of(tmp_path) is not None
    sharing.communicate()
    assert holder_of(tmp_path) is None


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


THROTTLES: list[Callable[[float | None, Clock], Throttle]] = [
    lambda rate, clock: AdaptiveThrottle(rate, clock=clock),
    lambda rate, clock: SharedThrottle(rate, PlayedPace(clock), clock=clock),
]


@pytest.fixture(params=THROTTLES, ids=["own", "shared"])
def make(request: pytest.FixtureRequest) -> Callable[[float | None, Clock], Throttle]:
    found: Callable[[float | None, Clock], Throttle] = request.param
    return found


def test_a_request_before_its_time_is_refused_and_one_in_time_is_not(
    make: Callable[[float | None, Clock], Throttle],
):
    clock = Clock()
    throttle = make(10.0, clock)
    with pytest.raises(ValueError, match="before"):
        throttle.take(0.0)
    at = throttle.seconds_until_free(0.0)
    assert at > 0
    clock.now = at
    first = throttle.take(at)
    later = at + throttle.seconds_until_free(at)
    assert later - at >= 0.1 - 1e-6
    clock.now = later
    assert throttle.take(later) != first


def test_without_a_limit_nothing_waits_until_the_site_asks_for_it(
    make: Callable[[float | None, Clock], Throttle],
):
    clock = Clock()
    throttle = make(None, clock)
    clock.now = 1.0
    assert throttle.requests_per_second is None
    assert throttle.interval_seconds == 0
    assert throttle.seconds_until_free(1.0) == 0
    throttle.push_back(1.0, 30.0)
    assert throttle.seconds_until_free(1.0) == pytest.approx(30.0)


def test_a_limit_is_only_ever_lowered(make: Callable[[float | None, Clock], Throttle]):
    throttle = make(10.0, Clock())
    throttle.limit_to(2.0, 0.0)
    throttle.limit_to(5.0, 0.0)
    assert throttle.requests_per_second == 2.0


OBSERVERS: list[Callable[[], Observer]] = [
    Observer,
    lambda: RunLog(logging.getLogger("a run")),
    lambda: Together([Observer(), RunProgress("shop", is_shown=True)]),
    lambda: RunProgress("shop", is_shown=True),
    lambda: RunProgress("shop", is_shown=False),
]


@pytest.mark.processes
@pytest.mark.parametrize("make", OBSERVERS, ids=["none", "log", "together", "terminal", "json"])
def test_a_crawl_is_the_same_whoever_sees_it(site: Site, make: Callable[[], Observer]):
    catalogue = site.write(last_page=3)
    site.shop.control(faults=["2=503:1", "3=404"])
    site.places.pages.mkdir(parents=True)
    recorder, context = KeptRecords(), CrawlContext(observer=make())
    due = [(page, None) for page in catalogue.pages]
    outcome = crawl(CrawlJob(catalogue, site.places, due), recorder, context, lambda: False)
    assert [stored.record.page for stored in recorder.pages] == [PageKey(1), PageKey(2)]
    assert [failure.page for failure in outcome.failures] == [PageKey(3)]
