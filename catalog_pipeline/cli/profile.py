"""`run --profile FILE`: where all processes of a command spend their time, as py-spy samples it.

The sampler is a process beside the command, in a session of its own, so that a Ctrl-C does not
reach it; what it looks at is neither stopped nor changed. Not here: what a process has to allow
(`system.sampled`).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import CatalogPipelineError, UsageError
from catalog_pipeline.showing import as_line
from catalog_pipeline.storing.own_files import check_not_own
from catalog_pipeline.system.durable_files import replace_content
from catalog_pipeline.system.sampled import COMMAND, let_be_sampled

_FORMATS = {".svg": "flamegraph", ".json": "speedscope"}
_OPENED_BY = {".svg": "any browser shows it", ".json": "https://www.speedscope.app shows it"}
_SAMPLES_PER_SECOND = 100
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IS_READY = "Sampling process"
_CANNOT_LOOK = r"Failed to profile python from process \d+: (.+)"
_ERROR = r"^Error: (.+)"
_START_SECONDS = 30.0
_WRITE_SECONDS = 120.0


@contextmanager
def profiled(file: str, *, is_quiet: bool) -> Iterator[None]:
    """Sample this process and all that it starts, and write the profile at the end.

    Raises:
        UsageError: the name tells no format, or the file cannot be written.
        CatalogPipelineError: there is no sampler, it may not look, or it wrote nothing.
    """
    path = Path(file).absolute()
    kind = path.suffix.lower()
    if kind not in _FORMATS:
        raise UsageError(
            f"--profile {file}: the name ends in .svg (a flame graph) or .json (for speedscope)."
        )
    check_not_own(path)
    program = _sampler()
    _make_empty(path)
    before = os.environ.get(COMMAND)
    os.environ[COMMAND] = str(os.getpid())
    let_be_sampled()
    try:
        with tempfile.TemporaryFile() as told:
            sampler = _started(program, path, told)
            try:
                yield
            finally:
                _end(sampler)
                problem = _make_xml(path) if kind == ".svg" else None
            if sampler.returncode or not path.stat().st_size:
                path.unlink(missing_ok=True)
                problem = _said(told, _ERROR)
            if problem:
                raise CatalogPipelineError(f"The profile was not written: {problem}.")
    finally:
        os.environ.pop(COMMAND)
        if before is not None:
            os.environ[COMMAND] = before
        with suppress(OSError):
            if not path.stat().st_size:
                path.unlink()
    if not is_quiet:
        say(f"Profile: {path} ({_OPENED_BY[kind]})", err=True)


def _sampler() -> str:
    """The sampler of this installation, or else of the system."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("py-spy", path=beside) or shutil.which("py-spy")
    if found is None:
        raise CatalogPipelineError(
            "--profile needs the sampler py-spy, which is not installed: "
            "pip install 'catalog-pipeline[profile]'. Nothing was crawled."
        )
    return found


def _make_empty(path: Path) -> None:
    """What is there is no profile of this run, should there be none in the end."""
    try:
        path.write_bytes(b"")
    except OSError as error:
        raise UsageError(f"--profile {path}: {error.strerror or error}.") from error


def _started(program: str, path: Path, told: IO[bytes]) -> subprocess.Popen[bytes]:
    """The sampler when it looks at this process."""
    # Without pausing what it looks at: a worker that stands still would be taken for a stuck one.
    options = ["--subprocesses", "--nonblocking", f"--rate={_SAMPLES_PER_SECOND}"]
    sampler = subprocess.Popen(  # noqa: S603 - words without a shell
        [program, "record", *options, f"--format={_FORMATS[path.suffix.lower()]}",
         f"--output={path}", f"--pid={os.getpid()}"],
        env={**os.environ, "RUST_LOG": "warn"},
        stdin=subprocess.DEVNULL,
        stdout=told,
        stderr=told,
        start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _START_SECONDS
        while _IS_READY not in _text(told):
            if sampler.poll() is not None or time.monotonic() > deadline:
                raise CatalogPipelineError(
                    f"py-spy cannot look at this command: {_said(told, _CANNOT_LOOK, _ERROR)}. "
                    "Nothing was crawled."
                )
            time.sleep(0.01)
    except BaseException:
        sampler.kill()
        sampler.wait()
        raise
    return sampler


def _end(sampler: subprocess.Popen[bytes]) -> None:
    """Let the sampler write what it has."""
    sampler.send_signal(signal.SIGINT)
    try:
        sampler.wait(_WRITE_SECONDS)
    except subprocess.TimeoutExpired:
        sampler.kill()
        sampler.wait()


def _make_xml(path: Path) -> str | None:
    """Replace characters that no picture may have; returns why it cannot be done, if so.

    Names are read from processes that run on, and may be half overwritten.
    """
    try:
        written = path.read_bytes().decode("utf-8", "replace")
        picture = _NO_XML.sub("\ufffd", written)
        if picture != written:
            replace_content(path, picture.encode())
    except OSError as error:
        return error.strerror or str(error)
    return None


def _text(told: IO[bytes]) -> str:
    """The beginning of what the sampler has said; it says little."""
    return os.pread(told.fileno(), 2**16, 0).decode("utf-8", "replace")


def _said(told: IO[bytes], *patterns: str) -> str:
    """What the sampler complains of, by the first of the patterns that there is."""
    text = _text(told).strip()
    found = (re.search(pattern, text, re.MULTILINE) for pattern in (*patterns, r"^(.+)"))
    return as_line(next((each[1].rstrip(". ") for each in found if each), "it said nothing"))
