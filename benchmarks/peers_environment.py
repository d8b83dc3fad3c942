"""The peers' own virtual environment, made and installed by the benchmark itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / ".peers-venv"
REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"


def install() -> None:
    """Make the environment, unless it is there with just what `requirements.txt` says."""
    stamp = FOLDER / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
    subprocess.run([program("pip"), "install", "--quiet", "-r", REQUIREMENTS], check=True)
    stamp.write_text(wanted)


def program(name: str) -> str:
    """A command of that environment."""
    return str(FOLDER / "bin" / name)


def versions() -> dict[str, str]:
    """The pinned versions by package name."""
    pins = (line.split("==") for line in REQUIREMENTS.read_text().split())
    return {package.partition("[")[0]: version for package, version in pins}
