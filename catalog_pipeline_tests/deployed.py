"""The files in `deploy` as they are read here, and their services as processes on loopback.

No container engine runs where the tests run: a service is its command with its variables, begun by
the image's entrypoint, with the container's folders and names put into a folder and at loopback.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
ENTRYPOINT = DEPLOY / "entrypoint.sh"
COMPOSE = DEPLOY / "compose.yaml"
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
_END_SECONDS = 60.0


def compose() -> dict[str, Any]:
    """`compose.yaml` as Compose reads it where no variable of it is set."""
    text = COMPOSE.read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(_DEFAULT.sub(r"\1", text))
    return content


class Deployed:
    """The services of `compose.yaml` in a folder, each a process of its own."""

    def __init__(
        self, folder: Path, replaced: Mapping[str, str], variables: Mapping[str, str]
    ) -> None:
        """`replaced` says what stands for what, of names, ports and folders in the containers;
        `variables` are those that have another value here."""
        self.folder = folder
        self._variables = variables
        self._replaced = replaced
        self._content = compose()
        for name in ("dagster", "workspace"):
            text = (DEPLOY / self._content["configs"][name]["file"]).read_text(encoding="utf-8")
            for target in self._targets(name):
                path = Path(self.here(target))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.here(text) if name == "workspace" else text)

    def here(self, text: str) -> str:
        """A text with all that is replaced."""
        longest_first = sorted(self._replaced, key=len, reverse=True)
        # In one pass, so that nothing is replaced within what stands for something else.
        return re.sub(
            "|".join(map(re.escape, longest_first)),
            lambda found: self._replaced[found.group()],
            text,
        )

    def log(self, service: str) -> str:
        """What a service has printed."""
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def command(self, service: str) -> list[str]:
        """The command of a service, behind the entrypoint."""
        return self._behind_entrypoint(self._content["services"][service]["command"])

    def health_check(self, service: str) -> list[str]:
        """What looks after the health of a service, behind the entrypoint."""
        kind, *words = self._content["services"][service]["healthcheck"]["test"]
        assert kind == "CMD"
        return self._behind_entrypoint(words)

    def environ(self, service: str) -> dict[str, str]:
        """The variables of a service, and where its programs are."""
        told = self._content["services"][service]["environment"]
        kept = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        values = {name: self.here(value) for name, value in told.items()}
        return {**kept, **values, **self._variables}

    def is_healthy(self, service: str) -> bool:
        """Whether its health check says so, in the words and the time that the file gives it."""
        check = self._content["services"][service]["healthcheck"]
        try:
            ended = subprocess.run(
                self.health_check(service),
                env=self.environ(service),
                capture_output=True,
                timeout=4 * float(str(check["timeout"]).removesuffix("s")),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return ended.returncode == 0

    @contextmanager
    def running(self, *services: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
        """The services until the end of the block, which is that of `docker compose stop`."""
        with ExitStack() as stack:
            started = {}
            for service in services:
                log = stack.enter_context((self.folder / f"{service}.log").open("wb"))
                process = subprocess.Popen(
                    self.command(service),
                    cwd=self.folder,
                    env=self.environ(service),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                stack.callback(_stop, process)
                started[service] = process
            yield started

    def _targets(self, config: str) -> set[str]:
        services = self._content["services"].values()
        told = [each for service in services for each in service.get("configs", [])]
        return {each["target"] for each in told if each["source"] == config}

    def _behind_entrypoint(self, words: list[str]) -> list[str]:
        return [str(ENTRYPOINT), *map(self.here, words)]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
