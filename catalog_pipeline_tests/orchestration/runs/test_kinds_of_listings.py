"""What is promised of runs holds for pages of every kind: those that the YAML names, those that
crawls find, and those of listings that the site names.

Retries, overlapping backfills, ticks and wipes. What is particular to a kind has its own tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.definitions.schedule import build_refresh_schedule
from catalog_pipeline.orchestration.names import (
    BACKFILL_TAG,
    RETRY_NUMBER_TAG,
    found_pages_name,
    pages_key,
)
from catalog_pipeline.places import catalogue_places
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute, pages_job
from catalog_pipeline_tests.site import NAME, QUICK
from catalog_pipeline_tests.workforce_here import WorkforceHere
from catalog_pipeline_tests.written_site import WrittenSite, written_site

pytestmark = pytest.mark.processes

FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
LISTINGS = {"bags": 3, "sport": 3}
"""Names and lengths of those of a site that has several; the one without a name has five pages."""
ALONE = 5
BROKEN = 2
"""The page that fails, of each listing."""
OPEN = {"pages": {"kind": "open"}}
LINKED = {"kind": "linked", "next": {"select": "a[rel=next]"}}
KINDS: dict[str, dict[str, Any]] = {
    "fixed": {"last_page": ALONE},
    "told": {"pages": {"kind": "told", "last": {"select": "em"}}},
    "open": OPEN,
    "linked": {"pages": LINKED},
    "of several listings": {
        "listings": {name: f"/{name}?page={{page}}" for name in LISTINGS},
        **OPEN,
    },
    "of discovered listings": {
        "discover": {"page": "/", "select": "nav a"},
        "page_url": "/{listing}?page={page}",
        **OPEN,
    },
}


def write(site: WrittenSite, path: str, last: int) -> None:
    """Write the pages of a listing: each tells how many there are, and leads to the next one."""
    for page in range(1, last + 1):
        following = f"<a rel=next href='{path}?page={page + 1}'>" if page < last else ""
        product = f"<li><b>{path}{page}</b>"
        site.bodies[f"{path}?page={page}"] = f"<em>{last}</em><ul>{product}</ul>{following}"


@dataclass(frozen=True)
class Listed:
    """A catalogue of one kind, of whose pages nobody has asked for any."""

    kind: str
    site: WrittenSite
    instance: dg.DagsterInstance
    catalogue: Catalogue

    @property
    def pages(self) -> list[str]:
        """What pages the site has."""
        if "listings" not in self.kind:
            return [str(page) for page in range(1, ALONE + 1)]
        return [f"{name}-{page}" for name, last in LISTINGS.items() for page in range(1, last + 1)]

    def over(self, first: str, last: str, **more: Any) -> dg.DagsterRun:
        """A run over a range of partitions, planned and not begun."""
        return create_run(self.instance, self.catalogue, first, last, **more)

    def over_all(self, **more: Any) -> dg.DagsterRun:
        """A run over all partitions that there are: *Materialize all*."""
        seed_pages(self.instance, self.catalogue)
        return self.over(self.partitions[0], self.partitions[-1], **more)

    def retry_of(self, run: dg.DagsterRun) -> dg.DagsterRun:
        """As the daemon makes it: with the config and the tags of the run that failed."""
        tags = {**run.tags, RETRY_NUMBER_TAG: "1"}
        return self._planned(run.run_config, tags, run)

    def tick(self, at: datetime) -> dg.DagsterRun | None:
        """The run that the schedule asks for, planned and not begun, if it does."""
        schedule = build_refresh_schedule(self.catalogue)
        assert schedule is not None
        with dg.build_schedule_context(self.instance, scheduled_execution_time=at) as context:
            requests = schedule.evaluate_tick(context).run_requests or ()
        if not requests:
            return None
        (request,) = requests
        return self._planned(request.run_config, request.tags)

    def _planned(
        self,
        run_config: Mapping[str, Any],
        tags: Mapping[str, str],
        parent: dg.DagsterRun | None = None,
    ) -> dg.DagsterRun:
        return self.instance.create_run_for_job(
            pages_job(self.catalogue),
            run_config=dict(run_config),
            tags=dict(tags),
            asset_selection=frozenset({pages_key(self.catalogue)}),
            root_run_id=(parent.root_run_id or parent.run_id) if parent else None,
            parent_run_id=parent.run_id if parent else None,
        )

    def execute(self, run: dg.DagsterRun) -> dg.DagsterRun:
        """Execute a planned run, with workers in this thread if they can be made before it."""
        here = WorkforceHere(self.catalogue, catalogue_places(NAME))
        workforce = None if self.catalogue.discover else here
        return execute(self.instance, self.catalogue, run, CrawlContext(workforce=workforce))

    @property
    def partitions(self) -> list[str]:
        """The pages that the grid shows, whatever has become of them."""
        if self.catalogue.is_fixed:
            return [str(page) for page in self.catalogue.pages]
        return list(self.instance.get_dynamic_partitions(found_pages_name(self.catalogue)))

    @property
    def done(self) -> list[str]:
        """Those of them that it shows green."""
        green = self.instance.get_materialized_partitions(pages_key(self.catalogue))
        return [page for page in self.partitions if page in green]

    def asked(self) -> dict[str, int]:
        """How often the site was asked for each of its pages since `forget`."""
        counts = {page: self.site.asked[self._path(page)] for page in self.pages}
        return {page: count for page, count in counts.items() if count}

    def forget(self) -> None:
        """Let nothing fail any more, and count from zero."""
        self.site.answers.clear()
        self.site.asked.clear()

    def break_pages(self) -> set[str]:
        """Let a page of each listing fail by what may pass; returns which those are."""
        broken = {page for page in self.pages if PageKey.parse(page).number == BROKEN}
        for page in broken:
            self.site.answers[self._path(page)] = lambda headers: (503, {}, "")
        return broken

    def _path(self, page: str) -> str:
        key = PageKey.parse(page)
        return f"/{key.listing or 'products'}?page={key.number}"


@pytest.fixture(params=KINDS)
def listed(
    request: pytest.FixtureRequest, tmp_path: Path, home: Path, instance: dg.DagsterInstance
) -> Iterator[Listed]:
    with written_site() as site:
        write(site, "/products", ALONE)
        for name, last in LISTINGS.items():
            write(site, f"/{name}", last)
        site.bodies["/"] = "".join(f"<nav><a href='/{name}'>{name}</a></nav>" for name in LISTINGS)
        catalogue = site.describe_in(
            tmp_path / "catalogues",
            {},
            **({"last_page": None} | KINDS[request.param]),
            schedule={"cron": "0 6 * * *", "timezone": "UTC"},
            politeness={**QUICK, "obey_robots": False, "concurrency": 1, "max_attempts": 1},
        )
        yield Listed(request.param, site, instance, catalogue)


def test_a_retry_of_the_daemon_asks_for_what_did_not_come_and_ends_with_all_pages(
    listed: Listed,
) -> None:
    broken = listed.break_pages()
    first = listed.execute(listed.over_all())
    assert first.status == FAILURE
    had = set(listed.done)
    # Nobody knows what comes after a page that leads there.
    beyond = set(listed.pages[BROKEN:]) if listed.kind == "linked" else set()
    assert had == set(listed.pages) - broken - beyond
    listed.forget()
    assert listed.execute(listed.retry_of(first)).status == SUCCESS
    assert sorted(listed.done) == sorted(listed.partitions) == sorted(listed.pages)
    assert listed.asked() == dict.fromkeys(set(listed.pages) - had, 1)


def test_two_launches_of_a_new_catalogue_ask_for_each_page_once(listed: Listed) -> None:
    both = [listed.over_all(), listed.over_all()]
    assert [listed.execute(run).status for run in both] == [SUCCESS, SUCCESS]
    assert sorted(listed.done) == sorted(listed.partitions) == sorted(listed.pages)
    assert listed.asked() == dict.fromkeys(listed.pages, 1)


def test_overlapping_backfills_of_pages_that_are_done_ask_for_each_once(listed: Listed) -> None:
    assert listed.execute(listed.over_all()).status == SUCCESS
    listed.forget()
    shown = listed.partitions
    parts = {"first": (shown[0], shown[-2]), "second": (shown[1], shown[-1])}
    runs = [listed.over(*ends, tags={BACKFILL_TAG: name}) for name, ends in parts.items()]
    assert [listed.execute(run).status for run in reversed(runs)] == [SUCCESS, SUCCESS]
    assert listed.asked() == dict.fromkeys(listed.pages, 1)
    assert listed.done == listed.partitions == shown
    for run, pages in zip(runs, (shown[:-1], shown[1:]), strict=True):
        # For Dagster a page of a backfill has failed that no run of the backfill has recorded.
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        events = listed.instance.all_logs(run.run_id, of_type=kind)
        recorded = {event.get_dagster_event().partition for event in events}
        assert recorded - {None} == set(pages)


def test_a_tick_crawls_a_new_catalogue_and_the_next_one_asks_for_all_again(listed: Listed) -> None:
    for _ in range(2):
        listed.forget()
        refresh = listed.tick(at := datetime.now(timezone.utc))
        assert refresh is not None
        assert listed.execute(refresh).status == SUCCESS
        assert sorted(listed.done) == sorted(listed.partitions) == sorted(listed.pages)
        assert listed.asked() == dict.fromkeys(listed.pages, 1)
        assert listed.tick(at) is None, "nothing is left of it"


def test_the_next_tick_overtakes_a_refresh_and_its_late_retry_has_nothing_to_do(
    listed: Listed,
) -> None:
    assert listed.execute(listed.over_all()).status == SUCCESS
    listed.break_pages()
    refresh = listed.tick(datetime.now(timezone.utc))
    assert refresh is not None
    cut_short = listed.execute(refresh)
    assert cut_short.status == FAILURE
    listed.forget()
    overtaking = listed.tick(datetime.now(timezone.utc))
    assert overtaking is not None
    assert listed.execute(overtaking).status == SUCCESS
    late = listed.execute(listed.retry_of(cut_short))
    assert late.status == SUCCESS
    assert sorted(listed.done) == sorted(listed.partitions) == sorted(listed.pages)
    assert listed.asked() == dict.fromkeys(listed.pages, 1)


@pytest.mark.parametrize("place", [0, 1, -1], ids=["first", "middle", "last"])
def test_a_page_that_is_wiped_is_missing_and_comes_again_alone(listed: Listed, place: int) -> None:
    assert listed.execute(listed.over_all()).status == SUCCESS
    shown, wiped = listed.partitions, listed.pages[place]
    listed.instance.wipe_asset_partitions(pages_key(listed.catalogue), [wiped])
    assert listed.partitions == shown
    assert set(shown) - set(listed.done) == {wiped}
    listed.forget()
    assert listed.execute(listed.over(wiped, wiped)).status == SUCCESS
    assert listed.done == listed.partitions == shown
    assert listed.asked() == {wiped: 1}


@pytest.mark.parametrize("listed", [kind for kind in KINDS if kind != "fixed"], indirect=True)
@pytest.mark.parametrize("is_wiped", [False, True])
def test_a_page_whose_partition_is_gone_from_amidst_is_a_page_all_the_same(
    listed: Listed, is_wiped: bool
) -> None:
    assert listed.execute(listed.over_all()).status == SUCCESS
    gone = [page for page in listed.pages if PageKey.parse(page).number == BROKEN]
    if is_wiped:
        listed.instance.wipe_asset_partitions(pages_key(listed.catalogue), gone)
    for page in gone:
        listed.instance.delete_dynamic_partition(found_pages_name(listed.catalogue), page)
    standing = read_standing(listed.instance, listed.catalogue)
    assert sorted(map(str, standing.pages)) == sorted(listed.pages)
    assert {str(page) for page in standing.statuses.missing} == (set(gone) if is_wiped else set())
    listed.forget()
    assert listed.execute(listed.over_all()).status == SUCCESS
    assert sorted(listed.done) == sorted(listed.partitions) == sorted(listed.pages)
