"""What most tests need: a running practice shop, an instance of one's own, the command."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.cli.main import run_command
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.command import Answer
from catalog_pipeline_tests.site import Site

# Whoever starts the tests in the background of a shell lets them ignore SIGINT, and all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Whoever runs them may want colours; what the tests read is plain.
for variable in ("FORCE_COLOR", "TTY_COMPATIBLE"):
    os.environ.pop(variable, None)

Run = Callable[..., Answer]


@pytest.fixture(scope="session")
def running_shop() -> Iterator[RunningShop]:
    """A practice shop of 50 pages that all tests share."""
    with RunningShop(port=0) as shop:
        yield shop


@pytest.fixture
def shop(running_shop: RunningShop) -> RunningShop:
    """The shared shop without faults, latency or counts."""
    running_shop.control(
        faults=[],
        latency_ms=0,
        pages=50,
        session_requests=None,
        expire_sessions=True,
        robots_txt=None,
        reset_hits=True,
    )
    return running_shop


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dagster home of the test's own; the data folder is `data` beside it."""
    folder = tmp_path / "dagster_home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    return folder


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
