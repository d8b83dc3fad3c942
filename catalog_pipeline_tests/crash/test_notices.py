"""Deaths of who sends notices: none is lost, and none that was recorded comes twice."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.kill_points import PLACE
from catalog_pipeline_tests.forked_programs import COMMAND, MODULE
from catalog_pipeline_tests.orchestration.built_days import BuiltDays
from catalog_pipeline_tests.receivers import webhook
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.tables.history.days import products

DYING = [*MODULE, "catalog_pipeline_tests.crash.dying", "notify", NAME]
ROOT = Path(__file__).parents[2]


def _notify(folder: Path, death: str | None, url: str) -> int:
    """Send what is due in a process that dies as is said, or does not."""
    environ = {**os.environ, "NOTIFY_URL": url, "PYTHONPATH": str(ROOT)}
    command = DYING
    if death is None:
        command = [*COMMAND, "notify", NAME]
    else:
        environ[PLACE] = death
    return CommandProcess(command, folder=folder, environ=environ).code


@pytest.mark.processes
def test_a_notice_whose_sender_dies_comes_again_only_if_it_was_not_recorded_yet(
    site: Site, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    notify = {"to": "NOTIFY_URL", "rules": ["price falls", "price rises", "new"]}
    days = BuiltDays(site, instance, history=True, notify=notify)
    days.day(1, products(kettle="2", mug="2"), products())
    days.day(2, products(kettle="1", mug="3", lamp="1"), products())
    with webhook() as hook:
        came = []
        for death in ("notice taken:1", "notice recorded:1", "notice taken:2", None):
            code = _notify(tmp_path, death, hook.url)
            assert code == (0 if death is None else -9)
            came.append([body["title"].split(": ")[1].split(" (")[0] for body in hook.bodies])
            hook.bodies.clear()
        keys = [headers["Idempotency-Key"] for headers in hook.headers]
    assert came == [
        ["price falls"],
        # It was taken and not recorded: it comes once more, under the same number.
        ["price falls"],
        ["price rises", "new"],
        ["new"],
    ]
    assert len(set(keys)) == 3
    assert keys[0] == keys[1]
