"""One measured run of a command: what it cost, and how the log of a failed one is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

METER = Path(__file__).with_name("meter.py")


@dataclass(frozen=True)
class Command:
    """What is run, with the environment variables it needs besides the caller's."""

    arguments: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """Of a command and all its descendants; `started` is a wall-clock time."""

    started: float
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    left_behind: int


def measure(command: Command, folder: Path) -> Cost:
    """Run the command in `folder`, its output in `folder/log.txt`, with clean disk buffers."""
    os.sync()
    result = folder / "cost.json"
    subprocess.run(
        [sys.executable, "-I", "-S", METER, result, folder / "log.txt", *command.arguments],
        cwd=folder,
        env={**os.environ, **command.environment},
        check=True,
    )
    return Cost(**json.loads(result.read_text()))


def end_of_log(folder: Path, lines: int = 15) -> str:
    """The last lines that the command printed."""
    return "\n".join((folder / "log.txt").read_text(errors="replace").splitlines()[-lines:])


def succeed(command: Command, folder: Path) -> Cost:
    """The cost of a command that must exit with 0."""
    cost = measure(command, folder)
    if cost.exit_code:
        raise SystemExit(f"{command.arguments} failed:\n{end_of_log(folder)}")
    return cost
