"""What most tests need: a running practice shop, an instance of one's own, the command."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.cli.main import run_command
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.command import Answer
from catalog_pipeline_tests.site import Site

pytest_plugins = ["catalog_pipeline_tests.own_processes"]

# Whoever starts the tests in the background of a shell lets them ignore SIGINT, and all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Whoever runs them may want colours; what the tests read is plain. Interpreters that tests start
# need not compile Dagster anew, each of them.
for variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(variable, None)

Run = Callable[..., Answer]

_TOGETHER = {
    "catalog_pipeline_tests/services/": "the services, which are started once",
    "catalog_pipeline_tests/cli/test_try_page.py": "the practice shop's own port",
    "catalog_pipeline_tests/test_installation.py": "the practice shop's own port",
}
"""What one process has to test if several do (`-n`); of the rest, each module by itself."""


class _InModules(LoadScopeScheduling):
    """Gives each process of pytest-xdist whole modules, and what stays together as one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        groups = (group for start, group in _TOGETHER.items() if module.startswith(start))
        return next(groups, module)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Say which tests stay together, where several processes test."""
    return _InModules(config, log)


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
        pages=50,
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


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test's Dagster home would be made; the data folder is `data` beside it."""
    folder = tmp_path / "dagster_home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    return folder


@pytest.fixture
def home(no_home: Path, untouched_home: Path) -> Path:
    """A Dagster home of the test's own, with nothing recorded."""
    shutil.copytree(untouched_home, no_home)
    return no_home


@pytest.fixture
def site(shop: RunningShop, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The catalogue `shop`: the first twelve pages of the running practice shop."""
    folder = tmp_path / "catalogues"
    monkeypatch.setenv(EXTRA_FOLDER_VARIABLE, str(folder))
    return Site(folder, shop)


@pytest.fixture
def instance(home: Path) -> Iterator[DagsterInstance]:
    """The instance of the test's home, open."""
    with open_instance() as opened:
        yield opened


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line within this process."""

    def run_here(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run_command(list(arguments))
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return run_here


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is asked directly, whatever proxies the machine has."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
