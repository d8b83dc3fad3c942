"""Deaths at each step of store-then-record: nothing is lost, nothing stored is downloaded again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog_pipeline_tests.crash.invariants import Deaths, complaints, leftovers
from catalog_pipeline_tests.crash.scene import Scene, dying

AT_ONCE = 2
PAGES = 12
BROKEN_PAGE = 5


@dataclass(frozen=True)
class Case:
    """A kill point, at which of its calls death comes, and what there must be just after it.

    One request is on its way at a time, and at most two pages are.
    """

    point: str
    call: int = 1
    least_half_files: int = 0
    stored: range = range(PAGES + 1)
    least_unrecorded: int = 0
    """How many pages at least have a file and no checkpoint after the death."""
    fails_a_page: bool = False

    @property
    def is_of_one_host(self) -> bool:
        """Whether it is between steps that there are in local files only."""
        return self.point.startswith("page file") or self.point.endswith("in the run's file only")


CASES = [
    Case("page file not begun", 5, stored=range(3, 6)),
    Case("page file half written", 5, least_half_files=1, stored=range(3, 6)),
    Case("page file not synced", 5, least_half_files=1, stored=range(3, 6)),
    Case("page file not renamed", 5, least_half_files=1, stored=range(3, 6)),
    Case("page stored", 5, stored=range(5, 7), least_unrecorded=1),
    Case("names not synced", least_unrecorded=1),
    Case("names synced", least_unrecorded=1),
    Case("events in the run's file only", least_unrecorded=1),
    Case("events recorded"),
    Case("plan in the run's file only", stored=range(1)),
    Case("failure not recorded", fails_a_page=True),
    Case("failure in the run's file only", fails_a_page=True),
    Case("failure recorded", fails_a_page=True),
]


@dataclass(frozen=True)
class Fate:
    """What a death left, and what was wrong after the resume."""

    code: int
    half_files: int
    stored: int
    unrecorded: int
    complaints: list[str]


def live_and_die(case: Case, folder: Path) -> Fate:
    """Crawl until death at the kill point, then resume, and look at what there is each time."""
    with Scene(folder, pages=PAGES, politeness={"concurrency": 1}) as scene:
        if case.fails_a_page:
            scene.shop.control(faults=[f"{BROKEN_PAGE}=404"])
        deaths = Deaths(scene)
        killed = dying(scene, case.point, case.call)
        deaths.note()
        half_files, stored = len(leftovers(scene)), scene.stored()
        unrecorded = stored - scene.done()
        scene.shop.control(faults=[])
        resumed = scene.crawl()
        problems = complaints(scene, deaths)
        if resumed.code != 0:
            problems.append(f"exit {resumed.code}: {resumed.out} {resumed.err}")
        return Fate(killed.code, half_files, len(stored), len(unrecorded), problems)


@pytest.fixture(scope="module")
def fates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Case, Future[Fate]]]:
    """The fates of the cases that were asked for, a few at a time, while tests wait for them."""
    chosen = {
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "fates" in item.fixturenames
    }
    base = tmp_path_factory.mktemp("deaths")
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield {
            case: pool.submit(live_and_die, case, base / str(number))
            for number, case in enumerate(CASES)
            if case in chosen
        }
    finally:
        pool.shutdown(cancel_futures=True)


EMBEDDED = pytest.mark.embedded("dies between steps that an object or a transaction does not have")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[EMBEDDED] if case.is_of_one_host else [], id=case.point)
        for case in CASES
    ],
)
def test_a_death_on_purpose_loses_nothing(case: Case, fates: dict[Case, Future[Fate]]) -> None:
    fate = fates[case].result()
    assert fate.code == -signal.SIGKILL
    assert fate.half_files >= case.least_half_files
    assert fate.stored in case.stored
    assert fate.unrecorded >= case.least_unrecorded
    assert fate.complaints == []
