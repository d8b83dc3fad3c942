"""The machine on which the benchmark ran, in words for the report."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from benchmarks import peers_environment

OUR_PACKAGES = ("dagster", "requests", "lxml", "pandas", "pyarrow")


def description(folder: Path) -> dict[str, str]:
    """Facts of the machine, of the disk that holds `folder`, of Python, packages and the day."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "processor": f"{_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_first('/proc/meminfo', 'MemTotal').split()[0]) // 1024**2} GiB",
        "system": f"{platform.system()} {platform.release()}, {_file_system(folder)}",
        "python": platform.python_version(),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "packages": _listed({name: version(name) for name in OUR_PACKAGES}),
        "peers' packages": _listed(peers_environment.versions()),
    }


def _first(path: str, key: str) -> str:
    match = re.search(rf"^{key}\s*:\s*(.*)$", Path(path).read_text(), re.MULTILINE)
    return match[1] if match else "unknown"


def _file_system(folder: Path) -> str:
    command = ["df", "--output=fstype", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
