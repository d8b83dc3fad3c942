"""The benchmark's server: compiled from `server/*.c`, started, asked for its count, ended."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
BUILD_FOLDER = FOLDER / ".build"


@dataclass(frozen=True)
class Hits:
    """The server's count since it was reset; times are wall-clock seconds."""

    requests: int
    downloads: int
    not_modified: int
    first_request: float
    first_page: float
    time_of_10_percent: float
    time_of_90_percent: float
    most_in_one_second: int
    per_page: list[tuple[int, int, int]]
    """Runs of pages as (first, last, downloads of each); pages never asked for are left out."""

    @property
    def steady_pages_per_second(self) -> float:
        """The rate between the first and the last tenth of the downloads."""
        return 0.8 * self.downloads / (self.time_of_90_percent - self.time_of_10_percent)


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str

    def hits(self) -> Hits:
        """What was asked of it since the last reset."""
        return Hits(**json.loads(self._get("/__hits")))

    def reset(self) -> None:
        """Start the count at zero."""
        self._get("/__reset")

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            body: bytes = answer.read()
        return body


def build() -> Path:
    """Compile the server if its sources are newer than the program."""
    program = BUILD_FOLDER / "server"
    sources = sorted((FOLDER / "server").glob("*.c"))
    newest = max(path.stat().st_mtime for path in (FOLDER / "server").iterdir())
    if not program.exists() or program.stat().st_mtime < newest:
        BUILD_FOLDER.mkdir(exist_ok=True)
        if shutil.which("gcc") is None:
            raise SystemExit("The benchmark's server is written in C: install gcc and libc6-dev.")
        subprocess.run(["gcc", "-O2", "-o", program, *sources], check=True)
    return program


def ceiling(pages: int, seconds: float = 2.0) -> int:
    """Pages per second that the server delivers to a client as bare as itself."""
    command = [str(build()), "--pages", str(pages), "--ceiling", str(seconds)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@contextmanager
def serving(pages: int, latency_ms: float = 0) -> Iterator[Server]:
    """A server of that many pages on a free port of 127.0.0.1."""
    command = [str(build()), "--pages", str(pages), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()
