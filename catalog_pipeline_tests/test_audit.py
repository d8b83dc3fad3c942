"""The scan for known holes is loud where it cannot ask, and never takes that for a clean answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

AUDIT = Path(__file__).parents[1] / ".ci" / "audit"
KNOWS_OF_ALL = "echo urllib3 1.26.4 PYSEC-2021-108; exit 1"
KNOWS_OF_THE_OLD = f"grep -q urllib3==1.26.4 $6 || {{ cat $6; exit 0; }}; {KNOWS_OF_ALL}"
KNOWS_NOTHING = "echo No known vulnerabilities found"
ASKS_IN_VAIN = "echo VulnServiceConnectionError; exit 1"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the Python of these tests, for a scanner that a test writes beside it."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return tmp_path


def _audit(programs: Path, answer: str, *options: str) -> subprocess.CompletedProcess[str]:
    scanner = programs / "pip-audit"
    scanner.write_text(f"#!/bin/sh\n{answer}\n")
    scanner.chmod(0o755)
    return subprocess.run(
        [str(AUDIT), str(programs), *options], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("answer", [KNOWS_NOTHING, ASKS_IN_VAIN])
def test_an_index_without_advisories_is_no_clean_bill(programs: Path, answer: str) -> None:
    strict, lenient = _audit(programs, answer), _audit(programs, answer, "--if-possible")
    assert (strict.returncode, lenient.returncode) == (1, 0)
    assert "NOT CHECKED" in strict.stderr
    assert "NOT CHECKED" in lenient.stderr


def test_what_is_installed_is_asked_for_where_there_are_advisories(programs: Path) -> None:
    good = _audit(programs, KNOWS_OF_THE_OLD)
    assert good.returncode == 0
    assert "requests==" in good.stdout
    assert "catalog-pipeline" not in good.stdout


def test_a_known_hole_fails_the_scan(programs: Path) -> None:
    (programs / "python").write_text("#!/bin/sh\necho urllib3==1.26.4\n")
    assert _audit(programs, KNOWS_OF_ALL, "--if-possible").returncode == 1
