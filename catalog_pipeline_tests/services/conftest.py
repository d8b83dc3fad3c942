"""Practice shops, and services with several catalogues that the modules here share.

A test that needs untouched pages has a catalogue of its own, so that the services, which take
seconds to start, need not be started for each.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline_tests.conftest import unit_of
from catalog_pipeline_tests.receivers import Webhook, webhook
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.hostile_site import NAME as HOSTILE
from catalog_pipeline_tests.services.hostile_site import attributes, hostile_site
from catalog_pipeline_tests.services.running_services import RunningServices

CATALOGUES = ("relaunch_missing", "relaunch_failed", "relaunch_both", "table", "attacked")
CUT_SHORT = (
    "terminated",
    "terminated_all_steps",
    "one_broken",
    "web_first",
    "command_first",
    "command_again",
    "command_failed",
)
"""Catalogues of the services whose crawls are cut short, or get in each other's way."""
LINKED: dict[str, object] = {"kind": "linked", "next": {"select": "a[rel=next]"}}
FOUND: dict[str, dict[str, object]] = {
    "found_open": {"kind": "open"},
    "found_linked": LINKED,
    "retried_linked": LINKED,
}
"""Catalogues whose pages crawls find."""
DISCOVERED = "discovered_every_minute"
DISCOVER: dict[str, object] = {
    "discover": {"page": "/", "select": "main li a", "pattern": "category=([a-z-]+)"},
    "page_url": "/products?category={listing}&page={page}",
    "pages": "open",
}
EXPORTED = "exported"
EXPORTS = [{"to": "csv", "name": "broken", "path": "/dev/null/out.csv"}, {"to": "csv"}]
UNREAD = ("relaunch_missing", "relaunch_failed", "relaunch_both", "overlapping", "every_minute")
"""Catalogues of the common services whose tables nobody looks at."""
NOTICED = "noticed"
NOTIFY = {"to": "NOTIFY_URL", "rules": ["crawl fails", "check values_of_price fails"]}
PAGES = 50
EVERY_MINUTE = {"cron": "* * * * *", "timezone": "UTC", "enabled": True}


_shared: list[RunningServices] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """End shared services with the last test that shares them.

    They look about every two seconds, and would do so until the last test of all.
    """
    yield
    if nextitem is None or unit_of(nextitem) != unit_of(item):
        while _shared:
            _shared.pop().stop()


@pytest.fixture(scope="session", autouse=True)
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM ends the tests with their fixtures, so that no service outlives them."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def open_shop() -> Iterator[Callable[..., RunningShop]]:
    """Opens practice shops that close with the session; arguments as for `ShopSettings`."""
    with ExitStack() as shops:

        def open_one(**settings: object) -> RunningShop:
            return shops.enter_context(RunningShop(ShopSettings(**settings), port=0))  # type: ignore[arg-type]

        yield open_one


@pytest.fixture(scope="session")
def common_shop(open_shop: Callable[..., RunningShop]) -> RunningShop:
    return open_shop(pages=PAGES)


@pytest.fixture(scope="session")
def scheduled_shop(open_shop: Callable[..., RunningShop]) -> RunningShop:
    """The shop of the catalogue that is refreshed every minute, whatever the other tests do."""
    return open_shop(pages=5)


@pytest.fixture(scope="session")
def overlap_shop(open_shop: Callable[..., RunningShop]) -> RunningShop:
    """The shop of the catalogue that two backfills crawl while other crawls are on."""
    return open_shop(pages=PAGES)


@pytest.fixture(scope="session")
def received() -> Iterator[Webhook]:
    """What the services have sent as notices."""
    with webhook() as hook:
        yield hook


@pytest.fixture(scope="session")
def common_services(
    tmp_path_factory: pytest.TempPathFactory,
    common_shop: RunningShop,
    scheduled_shop: RunningShop,
    overlap_shop: RunningShop,
    open_shop: Callable[..., RunningShop],
    received: Webhook,
) -> Iterator[RunningServices]:
    # The sandbox, which has a schedule, has a shop that is none of the tests' business.
    services = RunningServices(tmp_path_factory.mktemp("services"), open_shop(pages=PAGES).url)
    for name in CATALOGUES:
        services.add_catalogue(name, common_shop.url)
    services.add_catalogue("overlapping", overlap_shop.url)
    for name, pages in FOUND.items():
        services.add_catalogue(name, common_shop.url, pages=pages)
    services.environment["NOTIFY_URL"] = received.url
    services.add_catalogue(EXPORTED, common_shop.url, last_page=2, exports=EXPORTS)
    checks = {"price": {"maximum": 0.5}}
    services.add_catalogue(NOTICED, common_shop.url, last_page=1, notify=NOTIFY, checks=checks)
    services.add_catalogue(
        "every_minute", scheduled_shop.url, last_page=5, schedule=dict(EVERY_MINUTE)
    )
    services.add_catalogue(
        DISCOVERED, open_shop(pages=5).url, **DISCOVER, schedule=dict(EVERY_MINUTE)
    )
    with hostile_site() as site:
        services.add_catalogue(HOSTILE, site.url, **attributes(site))
        with services:
            _shared.append(services)
            build_no_tables(services, (*UNREAD, DISCOVERED))
            yield services


def build_no_tables(services: RunningServices, catalogues: Iterable[str]) -> None:
    """Spare the processes that would build tables which no test looks at."""
    services.client.stop(*(f"{name}_table_sensor" for name in catalogues))


@pytest.fixture(scope="session")
def cut_short_services(
    tmp_path_factory: pytest.TempPathFactory,
    common_shop: RunningShop,
    open_shop: Callable[..., RunningShop],
) -> Iterator[RunningServices]:
    """Services of `CUT_SHORT`: another process may test with them than with the common ones."""
    services = RunningServices(tmp_path_factory.mktemp("services"), open_shop(pages=PAGES).url)
    for name in CUT_SHORT:
        services.add_catalogue(name, common_shop.url)
    with services:
        _shared.append(services)
        build_no_tables(services, CUT_SHORT)
        yield services


@pytest.fixture
def client(common_services: RunningServices) -> WebClient:
    """The client of the common services."""
    return common_services.client


@pytest.fixture
def slow_shop(common_shop: RunningShop) -> RunningShop:
    """The common shop, slow enough to do something half-way, with nothing counted yet."""
    common_shop.control(faults=[], latency_ms=500, reset_hits=True)
    return common_shop


@pytest.fixture
def quick_shop(common_shop: RunningShop) -> RunningShop:
    """The common shop without latency, with nothing counted yet."""
    common_shop.control(faults=[], latency_ms=0, reset_hits=True)
    return common_shop
