"""What most tests need: a running practice shop, an instance of one's own, the command."""

import gc
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dagster import DagsterInstance
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.cli.main import run_command
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE
from catalog_pipeline.sandbox.products import CATEGORIES
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.cluster import place_home
from catalog_pipeline_tests.command import Answer
from catalog_pipeline_tests.postgres_server import (
    Database,
    PostgresServer,
    postgres_server,
    write_postgres_home,
)
from catalog_pipeline_tests.same_past import check_same_past
from catalog_pipeline_tests.site import Site

pytest_plugins = ["catalog_pipeline_tests.own_processes", "catalog_pipeline_tests.cluster_tier"]

# Whoever starts the tests in the background of a shell lets them ignore SIGINT, and all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Whoever runs them may want colours; what the tests read is plain. Interpreters that tests start
# need not compile Dagster anew, each of them.
for variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(variable, None)
# Loopback is asked directly, whatever proxies the machine has.
for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
    os.environ.pop(variable, None)
    os.environ.pop(variable.lower(), None)

# A test's examples are the same each time, and may take any time: `--hypothesis-profile explore`
# draws others.
settings.register_profile(
    "gate", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("gate"), derandomize=False)
settings.load_profile("gate")

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder in it that is ours alone
_ROOM_BYTES = 4 * 2**30
"""Ten times what the tests have written when they end."""


def _has_room(folder: Path) -> bool:
    """Whether the tests may write all that they do to that folder, and start programs there."""
    try:
        there = os.statvfs(folder)
        available = int(Path("/proc/meminfo").read_text().partition("MemAvailable:")[2].split()[0])
    except (OSError, IndexError, ValueError):
        return False
    room = min(there.f_bavail * there.f_frsize, available * 1024)
    return os.access(folder, os.W_OK) and not there.f_flag & os.ST_NOEXEC and room >= _ROOM_BYTES


if TYPE_CHECKING:
    from catalog_pipeline_tests.object_server import Bucket, Gate, ObjectServer

# Files are synced ten thousand times; nobody waits for that in memory.
if _has_room(_MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

_GARBAGE_THRESHOLDS = (20_000, 20, 100)
"""Of the generations of Python's collector; its own are 700, 10 and 10."""

Run = Callable[..., Answer]

_TOGETHER = {
    "catalog_pipeline_tests/services/test_kills.py": "services that are killed",
    "catalog_pipeline_tests/services/test_browser.py": "services that are clicked at",
    "catalog_pipeline_tests/services/test_dg_commands.py": "Dagster's own commands",
    "catalog_pipeline_tests/services/test_scaffolded_project.py": "Dagster's own commands",
    "catalog_pipeline_tests/services/test_postgres_export.py": "a database server",
    "catalog_pipeline_tests/services/test_relaunch.py": "services whose crawls are cut short",
    "catalog_pipeline_tests/services/test_two_crawls.py": "services whose crawls are cut short",
    "catalog_pipeline_tests/services/": "the services, which are started once",
    "catalog_pipeline_tests/cli/test_try_page.py": "the practice shop's own port",
    "catalog_pipeline_tests/test_installation.py": "the practice shop's own port",
}
"""What one process has to test if several do (`-n`), by how it begins; the first that fits counts.
Of the rest, each module by itself."""

_LONGEST_FIRST = [
    "the services, which are started once",
    "services whose crawls are cut short",
    "services that are killed",
    "services that are clicked at",
    "catalog_pipeline_tests/crash/test_found_pages.py",
    "catalog_pipeline_tests/crash/test_chaos.py",
    "catalog_pipeline_tests/crash/test_object_store.py",
    "catalog_pipeline_tests/crash/test_signals.py",
    "catalog_pipeline_tests/crash/test_kill_points.py",
    "catalog_pipeline_tests/crash/test_daily_refresh.py",
    "catalog_pipeline_tests/crash/test_disks_and_locks.py",
    "Dagster's own commands",
    "catalog_pipeline_tests/orchestration/test_thirty_days.py",
    "catalog_pipeline_tests/orchestration/test_life_of_pages.py",
    "catalog_pipeline_tests/orchestration/definitions/test_dg_commands.py",
    "catalog_pipeline_tests/crawling/test_workers_that_die.py",
    "the practice shop's own port",
    "catalog_pipeline_tests/orchestration/runs/test_notify_run.py",
    "catalog_pipeline_tests/tables/history/test_ledger.py",
    "catalog_pipeline_tests/sandbox/test_days.py",
]
"""What begins first, so that no process is alone at it in the end; then what has most tests."""


class _InModules(LoadScopeScheduling):
    """Gives each process of pytest-xdist whole modules, and what stays together as one."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return _unit(nodeid)


def unit_of(item: pytest.Item) -> str:
    """What a test is tested together with."""
    return _unit(item.nodeid)


def _unit(nodeid: str) -> str:
    module = nodeid.partition("::")[0]
    groups = (group for start, group in _TOGETHER.items() if module.startswith(start))
    return next(groups, module)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Say which tests stay together, where several processes test."""
    return _InModules(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest, in the order in which processes are given it."""
    sizes = Counter(unit_of(item) for item in items)
    places = {unit: place for place, unit in enumerate(_LONGEST_FIRST)}

    def place(item: pytest.Item) -> tuple[int, int]:
        unit = unit_of(item)
        return places.get(unit, len(places)), -sizes[unit]

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in what is collected, which stays: that costs an eighth of all.

    Later on seldom, which saves a tenth of the tests: what they import stays too.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*_GARBAGE_THRESHOLDS)
        gc.enable()


@pytest.fixture(scope="session")
def running_shop() -> Iterator[RunningShop]:
    """A practice shop of 50 pages that all tests share."""
    with RunningShop(port=0) as shop:
        yield shop


@pytest.fixture
def shop(running_shop: RunningShop) -> RunningShop:
    """The shared shop without faults, latency or counts."""
    return as_new(running_shop)


def as_new(shop: RunningShop) -> RunningShop:
    """Take back whatever was asked of a shop of 50 pages."""
    shop.control(
        faults=[],
        latency_ms=0,
        day=None,
        pages=50,
        categories=CATEGORIES,
        end="404",
        tells_size=False,
        session_requests=None,
        expire_sessions=True,
        robots_txt=None,
        reset_hits=True,
    )
    return shop


@pytest.fixture(scope="session")
def untouched_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was opened once: making its files takes ten times as long as copying them."""
    folder = tmp_path_factory.mktemp("untouched") / "dagster_home"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOME_VARIABLE, str(folder))
        with open_instance():
            pass
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, for all tests that need one."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def store_server() -> "Iterator[ObjectServer]":
    """An object store, for all tests that need one."""
    # Its libraries are not for the tests that need none.
    from catalog_pipeline_tests.object_server import object_server

    with object_server() as server:
        yield server


@pytest.fixture
def bucket(store_server: "ObjectServer", monkeypatch: pytest.MonkeyPatch) -> "Bucket":
    """A bucket of the test's own; the environment says where its store is, and with which keys."""
    for name, value in store_server.environ.items():
        monkeypatch.setenv(name, value)
    return store_server.new_bucket()


@pytest.fixture
def gate(bucket: "Bucket") -> "Iterator[Gate]":
    """What the server does with requests, as it was before when the test is over."""
    gate = bucket.server.gate
    gate.reset()
    yield gate
    gate.reset()


@pytest.fixture(scope="session")
def untouched_database(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Database:
    """A database that was opened once, for others to be copies of."""
    database = postgres.new_database()
    home = tmp_path_factory.mktemp("untouched") / "dagster_home"
    write_postgres_home(home)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOME_VARIABLE, str(home))
        for name, value in database.environ.items():
            environment.setenv(name, value)
        with open_instance():
            pass
    return database


@pytest.fixture
def database(
    postgres: PostgresServer, untouched_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """A database of the test's own, with nothing recorded; the environment says where it is."""
    copy = postgres.new_database(untouched_database)
    for name, value in copy.environ.items():
        monkeypatch.setenv(name, value)
    return copy


@pytest.fixture
def postgres_home(no_home: Path, database: Database) -> Path:
    """A Dagster home of the test's own in PostgreSQL, with nothing recorded."""
    write_postgres_home(no_home)
    return no_home


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test's Dagster home would be made; the data folder is `data` beside it."""
    folder = tmp_path / "dagster_home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    return folder


@pytest.fixture
def new_home(
    no_home: Path, untouched_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Path]:
    """Makes a Dagster home of the test's own, with nothing recorded."""

    def make() -> Path:
        if address := place_home(no_home):
            monkeypatch.setenv(DATA_VARIABLE, address)
        else:
            shutil.copytree(untouched_home, no_home)
        return no_home

    return make


@pytest.fixture
def home(new_home: Callable[[], Path]) -> Path:
    """A Dagster home of the test's own, with nothing recorded."""
    return new_home()


@pytest.fixture
def site(shop: RunningShop, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The catalogue `shop`: the first twelve pages of the running practice shop."""
    folder = tmp_path / "catalogues"
    monkeypatch.setenv(EXTRA_FOLDER_VARIABLE, str(folder))
    return Site(folder, shop)


@pytest.fixture
def instance(home: Path) -> Iterator[DagsterInstance]:
    """The instance of the test's home, open; its files tell the same of what the test left."""
    with open_instance() as opened:
        yield opened
        check_same_past(opened, home)


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line within this process."""

    def run_here(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run_command(list(arguments))
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return run_here
