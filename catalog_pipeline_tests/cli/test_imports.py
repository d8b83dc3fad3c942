"""Commands import no more than they need: counted by modules, in one interpreter for all."""

import json
import subprocess
import sys

import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

LARGE = ("dagster", "sqlalchemy", "pandas", "pyarrow", "requests", "lxml")

COMMANDS: dict[str, tuple[str, ...]] = {
    "--help": (),
    "run --nonsense": (),
    f"show {NAME}": (),
    f"changes {NAME} --nonsense": (),
    f"export {NAME}": (),
    "try --nonsense": ("lxml",),
    f"try {NAME} --stored 1": ("lxml",),
    "status": ("lxml",),
    f"status {NAME} --json": ("lxml",),
    f"run {NAME}": ("lxml",),
    "list": ("lxml",),
}
"""Command lines in the order in which they are run, and the large packages imported by then."""

_RUN = """
import json
import sys

from catalog_pipeline.cli.main import run_command
for line in sys.argv[2:]:
    code = run_command(line.split())
    large = [name for name in json.loads(sys.argv[1]) if name in sys.modules]
    print("imported", json.dumps([code, large]))
"""


def test_commands_that_dagster_is_not_asked_for_do_not_import_it(site: Site, run: Run):
    site.write(last_page=3)
    assert run("run", NAME).code == 0
    told = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps(LARGE), *COMMANDS],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [line for line in told.stdout.splitlines() if line.startswith("imported ")]
    answers = [json.loads(line.removeprefix("imported ")) for line in lines]
    assert [large for _, large in answers] == [list(large) for large in COMMANDS.values()]
    codes = dict(zip(COMMANDS, (code for code, _ in answers), strict=True))
    told_all = [line for line in COMMANDS if codes[line] == 0]
    assert told_all == [
        "--help",
        f"try {NAME} --stored 1",
        "status",
        f"status {NAME} --json",
        f"run {NAME}",
        "list",
    ]
