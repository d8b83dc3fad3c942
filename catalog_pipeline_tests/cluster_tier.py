"""The second tier: tests whose homes are in PostgreSQL and their files in an object store.

    pytest --profile cluster catalog_pipeline_tests/crash

A test has no place in it if it touches no home, names its engines itself, or is about one host's
files by its nature, which its mark `embedded` says with the reason: it is deselected, and how many
are is told. Not here: how homes get there (`cluster`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from xdist.workermanage import WorkerController

from catalog_pipeline_tests.cluster import opened_cluster, running_cluster

PROFILES = ("embedded", "cluster")
_SCENES = ("crash", "services")
"""The folders whose tests make their homes by no fixture."""
_OWN_ENGINES = frozenset(("postgres", "store_server"))
_OTHER_FILES = ("*.db", "*.page")
"""What only SQLite and a folder of page files leave."""
_LEFT_OUT = "left out of the tier"

_deselected: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tier be chosen."""
    parser.addoption("--profile", choices=PROFILES, default=PROFILES[0], help="where homes are")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "embedded(reason): is about SQLite's files or a local folder by its nature"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the tier what adds nothing in it."""
    if config.option.profile != "cluster":
        return
    kept, left_out = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        if reason := _why_not(item):
            _deselected[reason] += 1
            left_out.append(item)
        else:
            kept.append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def _why_not(item: pytest.Item) -> str | None:
    fixtures = set(getattr(item, "fixturenames", ()))
    if mark := item.get_closest_marker("embedded"):
        return str(mark.args[0])
    if fixtures & _OWN_ENGINES:
        return "names its engines itself, and is the same in either tier"
    if item.nodeid.split("/")[1] not in _SCENES and "new_home" not in fixtures:
        return "touches no home"
    return None


@pytest.fixture(scope="session", autouse=True)
def _cluster(
    request: pytest.FixtureRequest,
    _every_process_ends: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    if request.config.option.profile != "cluster":
        yield
        return
    with opened_cluster(tmp_path_factory.mktemp("untouched") / "cluster"):
        yield


@pytest.fixture(autouse=True)
def _of_the_cluster(request: pytest.FixtureRequest) -> Iterator[None]:
    """See that a test of the tier left its past in the cluster, and nowhere else."""
    cluster = running_cluster()
    if cluster is None or "tmp_path" not in request.fixturenames:
        yield
        return
    folder = request.getfixturevalue("tmp_path")
    yield
    cluster.forget(folder)
    found = [path for pattern in _OTHER_FILES for path in folder.rglob(pattern)]
    assert not found, f"a test of this tier wrote {found}: mark it with pytest.mark.embedded"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints, where others test."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[_LEFT_OUT] = dict(_deselected)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Be told; all of them have left out the same."""
    _deselected.update(Counter(getattr(node, "workeroutput", {}).get(_LEFT_OUT, {})) - _deselected)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many tests were left out of the tier, and why."""
    for reason, count in _deselected.most_common():
        terminalreporter.write_line(f"{count:>5} left out: {reason}")
