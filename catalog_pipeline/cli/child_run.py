"""The crawl of one catalogue as a command of its own, for a command that has several to crawl.

It ends in order if that command is interrupted, and if it dies. Which catalogue goes after which is
`run_many`'s.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from catalog_pipeline.cli.exit_codes import EXIT_INTERRUPTED
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.system.sampled import before_its_program

_PROGRAM = (
    "from catalog_pipeline.system.lifeline import end_with_starter; end_with_starter(); "
    "from catalog_pipeline.cli.main import main; main()"
)
_MOST_LINES = 40
"""Of what it says on its standard error, to be told again in the summary."""


@dataclass(frozen=True)
class Ended:
    """How it ended, what it printed, and the last lines of its standard error.

    `status` is its exit code, or the number of the signal that ended it, below zero.
    """

    status: int
    output: str
    told: str

    @property
    def code(self) -> int:
        """Its exit code; of one that a signal ended, that which a shell gives it."""
        return self.status if self.status >= 0 else 128 - self.status

    @property
    def has_said_why(self) -> bool:
        """Whether its standard error says why it printed no summary."""
        return bool(self.told) and self.status >= 0 and self.status != EXIT_INTERRUPTED

    @property
    def reason(self) -> str:
        """Why it printed no summary."""
        if self.code == EXIT_INTERRUPTED:
            return "it was interrupted at its start"
        if self.status < 0:
            name = signal.Signals(-self.status).name
            return f"its command was killed ({name}); what was recorded stays"
        return self.told.removeprefix("Error: ") or f"its command ended with code {self.code}"


class ChildRun:
    """A `run` of one catalogue that goes on beside this process, and not without it."""

    def __init__(self, name: str, options: Sequence[str]) -> None:
        ends_with_us, self._lifeline = os.pipe()
        # It has the mask of this thread, until it knows what to do with a Ctrl-C.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            # A Ctrl-C is handed on to it, once for each time.
            self._process = subprocess.Popen(  # noqa: S603 - this program, words without a shell
                [sys.executable, "-c", _PROGRAM, "run", name, "--json", *options],
                stdin=ends_with_us,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
                preexec_fn=before_its_program(),
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(ends_with_us)

    def interrupt(self) -> None:
        """Let it end in order."""
        self._process.send_signal(signal.SIGINT)

    def wait(self) -> Ended:
        """What came of it once it is over; what it says on standard error is passed on at once."""
        said, wrong = self._process.stdout, self._process.stderr
        if said is None or wrong is None:
            raise ValueError("it was started without pipes")
        lines = deque[str](maxlen=_MOST_LINES)
        passing = threading.Thread(target=_pass_on, args=(wrong, lines))
        passing.start()
        output = said.read()
        status = self._process.wait()
        passing.join()
        for end in (said, wrong):
            end.close()
        os.close(self._lifeline)
        return Ended(status, output, "".join(lines).strip())


def command_for(name: str, options: Sequence[str]) -> str:
    """What a person types for it."""
    return shlex.join(["catalog-pipeline", "run", name, *options])


def _pass_on(source: IO[str], lines: deque[str]) -> None:
    for line in source:
        lines.append(line)
        # It is read to its end whatever becomes of it: a full pipe would hold up the crawl.
        with suppress(OSError):
            say(line.removesuffix("\n"), err=True)
