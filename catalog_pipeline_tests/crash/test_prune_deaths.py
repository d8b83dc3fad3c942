"""Deaths of prunes: what is told of the catalogue stays, and the next prune finishes the work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.embedded("dies between steps of files, and copies a home and its data")


def test_a_prune_that_dies_before_any_of_its_steps_or_at_random_loses_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "catalog_pipeline_tests.crash.killed_prunes", "--kills", "5"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    kills, _, rest = ended.stdout.splitlines()[-1].partition(" ")
    assert rest == "kills, and nothing was ever wrong."
    assert int(kills) > 20
