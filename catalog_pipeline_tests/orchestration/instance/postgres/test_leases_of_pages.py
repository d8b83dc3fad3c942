"""Leases of pages: several machines at one catalogue at once, and no page to two of them."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import dagster as dg
import psycopg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.lock import CRAWL_LOCK, catalogue_lock
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.errors import LeaseLostError
from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.orchestration.instance.asking import ask_tables
from catalog_pipeline.orchestration.instance.host_leases import (
    HostLease,
    hold_catalogue,
    holder_anywhere,
)
from catalog_pipeline.orchestration.instance.lease_shares import Share
from catalog_pipeline.orchestration.instance.pools import let_pool_follow
from catalog_pipeline.places import catalogue_places
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.instance.postgres.hosts import (
    ME,
    Hosts,
    crawlers,
    leases,
    recorded,
    recording,
    taken_over,
)
from catalog_pipeline_tests.orchestration.made_runs import create_run, wait_in_queue
from catalog_pipeline_tests.postgres_server import Database
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes


def of(first: int, last: int, at_once: int = 3, listing: str | None = None) -> Share:
    numbers = range(first, last + 1)
    return Share(frozenset(PageKey(number, listing) for number in numbers), at_once)


THIRD = """
INSERT INTO catalog_pipeline_leases (name, holder, host, pid, place, epoch, serial, until, pages)
VALUES ('shop/crawl/3', 'run-c', '', 0, '', 1, 0, now() + interval '1 hour', ARRAY['7'])"""
"""A row of somebody for whom three may be at it."""
ALL = Share(None, 3)


def take(instance: dg.DagsterInstance, lock: Lease, holder: str, share: Share) -> HostLease | None:
    return leases(instance).try_take("shop/crawl", holder, lock, share)


def had(lease: HostLease | None) -> HostLease:
    assert lease is not None
    return lease


def test_pages_that_somebody_has_nobody_else_gets_and_others_do(hosts: Hosts) -> None:
    one = hosts.opened("one")
    here, there, yonder = (hosts.lock(name) for name in ("one", "other", "third"))
    first = had(take(one, here, "run-a", of(1, 10)))
    assert first.pages == of(1, 10).pages
    assert take(one, there, "run-b", of(10, 20)) is None
    assert take(one, there, "run-b", ALL) is None
    second = had(take(one, there, "run-b", of(11, 20)))
    assert take(one, yonder, "run-c", of(5, 15)) is None
    third = had(take(one, yonder, "run-c", of(1, 10, listing="phones")))
    for lease in (first, second):
        lease.release()
    assert take(one, here, "run-a", ALL) is None
    third.release()
    everything = had(take(one, here, "run-a", ALL))
    assert everything.pages is None
    assert take(one, there, "run-b", of(11, 20)) is None


def test_no_more_are_at_it_than_may_be(hosts: Hosts) -> None:
    one = hosts.opened("one")
    locks = [hosts.lock(str(number)) for number in range(4)]
    found = [take(one, lock, "a-run", of(n, n, at_once=2)) for n, lock in enumerate(locks[:2])]
    assert None not in found
    assert take(one, locks[2], "a-run", of(2, 2, at_once=2)) is None
    had(found[0]).release()
    assert take(one, locks[2], "a-run", of(2, 2, at_once=2)) is not None
    assert take(one, locks[3], "a-run", of(3, 3, at_once=2)) is None
    assert take(one, locks[3], "a-run", of(3, 3, at_once=3)) is not None


def test_who_is_not_heard_of_loses_his_pages_to_who_takes_some_and_others_keep_theirs(
    hosts: Hosts, database: Database
) -> None:
    one = hosts.opened("one")
    lost = had(take(one, hosts.lock("one"), "run-a", of(1, 10)))
    lost_too = had(take(one, hosts.lock("other"), "run-b", of(11, 20)))
    kept = had(take(one, hosts.lock("third"), "run-c", of(21, 30)))
    lost.record(recording(one, "1"))
    lock = hosts.lock("fourth")
    taker = taken_over(database, lambda: take(one, lock, "run-d", of(10, 11)))
    for lease, page in ((lost, "2"), (lost_too, "12")):
        with pytest.raises(LeaseLostError, match="run run-d"):
            lease.record(recording(one, page))
        with pytest.raises(LeaseLostError, match=r"shop/crawl"):
            lease.check()
    kept.record(recording(one, "21"))
    taker.record(recording(one, "10"))
    assert recorded(one) == {"1", "21", "10"}


def test_of_many_that_take_pages_at_once_no_two_get_the_same(hosts: Hosts) -> None:
    one, chance = hosts.opened("one"), random.Random(7)
    locks = [hosts.lock(str(number)) for number in range(8)]
    firsts = [chance.randrange(20) for _ in locks]
    begin = threading.Barrier(len(locks))

    def taken(lock: Lease, first: int) -> HostLease | None:
        begin.wait(PATIENCE_SECONDS)
        return take(one, lock, "a-run", of(first, first + 5, at_once=8))

    for _ in range(5):
        with ThreadPoolExecutor(len(locks)) as pool:
            found = list(pool.map(taken, locks, firsts))
        held = [lease for lease in found if lease is not None]
        pages = [page for lease in held for page in lease.pages or ()]
        assert held
        assert len(pages) == len(set(pages))
        for lease in held:
            lease.release()


def test_a_row_that_is_made_and_taken_while_one_waits_for_ones_turn_is_seen(
    hosts: Hosts, database: Database
) -> None:
    """By somebody for whom more may be at it at once."""
    one = hosts.opened("one")
    lock = hosts.lock("one")
    had(take(one, lock, "run-a", of(1, 1, at_once=2))).release()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(database.url) as connection:
        connection.execute(
            "SELECT FROM catalog_pipeline_leases WHERE name = 'shop/crawl' FOR UPDATE"
        )
        waiting = pool.submit(take, one, lock, "run-a", of(5, 9, at_once=2))
        wait_for("it to wait", lambda: waiting.done() or database.waiting == 1)
        connection.execute(THIRD)
        connection.commit()
        assert waiting.result() is None
    taken_over(database, lambda: take(one, lock, "run-a", of(5, 9, at_once=2)))


def test_who_waits_for_pages_says_who_has_them_and_all_are_told_with_theirs(hosts: Hosts) -> None:
    one, other = hosts.opened("one"), hosts.opened("other")
    had(take(one, hosts.lock("third"), "run-c", of(21, 30)))
    first = had(take(one, hosts.lock("one"), "run-a", of(1, 10)))
    told = [f"run run-c ({ME}) with pages 21-30", f"run run-a ({ME}) with pages 1-10"]
    assert ask_tables(crawlers) == crawlers(one) == told
    assert holder_anywhere(other, hosts.data("other"), CRAWL_LOCK) in told
    waited: list[str] = []

    def let_go(who: str) -> None:
        waited.append(who)
        first.release()

    with hold_catalogue(
        other, hosts.data("other"), "run-b", share=of(5, 15), on_wait=let_go
    ) as lease:
        assert lease is not None
        assert lease.pages == of(5, 15).pages
    assert waited == told[1:]


LOST = """
UPDATE catalog_pipeline_leases SET holder = 'run-c', host = 'there', pid = 7, place = '',
until = clock_timestamp() - interval '5 s', pages = string_to_array('{}', ' ')
WHERE name = 'shop/crawl'"""
"""Somebody who had pages, and is not heard of any more."""


def test_who_was_not_heard_of_since_is_told_while_pages_of_his_are_in_progress(
    hosts: Hosts, site: Site, run: Run, database: Database
) -> None:
    """Unless another has them: until then it is not known that the run is dead."""
    one = hosts.opened("one")
    wait_in_queue(one, create_run(one, site.write(last_page=4), 1, 4))
    had(take(one, hosts.lock("one"), "run-a", of(1, 4))).release()
    database.does(LOST.format("1 2"))
    ((heard_at,),) = database.rows(
        "SELECT max(until) - interval '10 s' FROM catalog_pipeline_leases"
    )
    assert isinstance(heard_at, datetime)
    (told,) = run("status", NAME, "--json").json[0]["crawlers"]
    assert (told["run"], told["host"], told["pages"]) == ("run-c", "there", "1-2")
    assert datetime.fromisoformat(told["unheard_since"]) == heard_at
    shown = " ".join(run("status", NAME).out.split())
    at = heard_at.astimezone(timezone.utc)
    assert f"(process 7 on there) with pages 1-2 was last heard of at {at:%H:%M:%S} UTC;" in shown
    assert f"catalog-pipeline run {NAME} goes on with the pages." in shown

    lock = hosts.lock("other")
    taker = had(wait_for("a lease", lambda: take(one, lock, "run-d", of(1, 2))))
    (told,) = run("status", NAME, "--json").json[0]["crawlers"]
    assert (told["run"], told["unheard_since"]) == ("run-d", None)
    taker.release()
    database.does(LOST.format("5 6"))
    wait_for(
        "nobody at pages of which none is in progress",
        lambda: run("status", NAME, "--json").json[0]["crawlers"] == [],
    )


def test_a_table_waits_for_who_crawls_other_pages_only_where_it_is_to_be_built(
    hosts: Hosts, site: Site
) -> None:
    one = hosts.opened("one")
    catalogue = site.write(last_page=4, runs_at_once=3)

    def ask(*pages: PageKey, cutoff: datetime | None = None) -> CrawlResult:
        request = CrawlRequest(catalogue, pages, cutoff)
        with catalogue_lock(catalogue_places("shop").folder, "a test") as lock:
            return crawl_and_build(one, request, Spectator(), CrawlContext(lease=lock))

    assert ask(*catalogue.pages).rows == 80
    other = had(take(one, hosts.lock("other"), "run-c", of(3, 4)))
    first, now = catalogue.pages[0], datetime.now(timezone.utc)
    assert (ask(first).is_good, ask(first).table_waits) == (True, None)
    waits = ask(first, cutoff=now).table_waits
    assert waits == f"it is built once run run-c ({ME}) with pages 3-4 has ended"
    other.release()
    assert ask(first).table_waits is None


def test_the_pool_of_a_catalogue_follows_the_yaml_and_what_somebody_set_stays(
    hosts: Hosts, site: Site
) -> None:
    storage = hosts.opened("one").event_log_storage
    let_pool_follow(hosts.opened("two"), site.write())
    assert _limits(storage) == {}
    let_pool_follow(hosts.opened("three"), site.write(runs_at_once=3))
    assert _limits(storage) == {"crawl_shop": 3}
    storage.set_concurrency_slots("crawl_shop", 2)
    let_pool_follow(hosts.opened("four"), site.write())
    assert _limits(storage) == {"crawl_shop": 2}


def _limits(storage: dg.EventLogStorage) -> dict[str, int]:
    return {each.name: each.limit for each in storage.get_pool_limits()}


@pytest.mark.embedded("is about an instance in files")
def test_in_files_the_pool_stays_as_it_is(instance: dg.DagsterInstance, site: Site) -> None:
    let_pool_follow(instance, site.write(runs_at_once=3))
    assert _limits(instance.event_log_storage) == {}
