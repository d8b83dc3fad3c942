"""Deaths of builds that keep a history: each build counts exactly once, table and past together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.embedded("dies between steps of files that no home names")


def _killed_builds(*options: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "catalog_pipeline_tests.crash.killed_builds", *options],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()[-1]


def test_a_build_that_dies_before_any_of_its_steps_counts_once() -> None:
    kills, _, rest = _killed_builds("--steps").partition(" ")
    assert rest == "kills, and nothing was ever wrong."
    assert int(kills) > 20


def test_builds_killed_at_random_instants_leave_the_past_of_builds_without_kills() -> None:
    assert _killed_builds("--kills", "40") == "40 kills, and nothing was ever wrong."
