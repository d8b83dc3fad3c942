"""The two ways to have a practice shop: in the foreground, or as a process of its own.

Belongs here: the child's command line, waiting until it serves, asking it, ending it.
Does not belong here: the serving itself, which only the process that serves imports (see serving).
"""

import http.client
import json
import select
import subprocess
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from catalog_pipeline.errors import CatalogPipelineError, UsageError
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline.system.interpreter import running_module

START_SECONDS = 20.0
END_SECONDS = 5.0
ANSWER_SECONDS = 30.0


def run_shop(
    settings: ShopSettings, port: int | None = None, *, exits_with_parent: bool = False
) -> None:
    """Open a shop in this process, print its URL on one line, and serve until SIGINT or SIGTERM.

    `port` None takes the default port if it is free and any other if not; 0 takes any free one.
    With `exits_with_parent` SIGINT is ignored and the process ends when its stdin does.

    Raises:
        UsageError: the port cannot be had.
    """
    # Whoever only starts a child does not pay for importing the web server.
    from catalog_pipeline.sandbox.serving import serve

    serve(settings, port, exits_with_parent=exits_with_parent)


class RunningShop:
    """Context manager: a shop that serves while the block runs.

    It ends with the block, and by itself when this process dies, however that happens.
    `port` is as for `run_shop`: None prefers the default port, 0 takes any free one.
    """

    def __init__(self, settings: ShopSettings | None = None, port: int | None = None) -> None:
        self.settings = settings or ShopSettings()
        self.port = port
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "RunningShop":
        self.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The shop's process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the shop and wait until it serves; `url` is then its base URL without a slash.

        Raises:
            CatalogPipelineError: it does not come up.
        """
        if self._process is not None:
            raise UsageError("this practice shop is running already")
        self._process = subprocess.Popen(  # noqa: S603 - this program, no shell
            [*running_module("catalog_pipeline.sandbox"), *self._arguments()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A Ctrl-C goes to the whole group of a terminal; the crawl still needs its shop.
            start_new_session=True,
        )
        try:
            self.url = self._wait_for_url(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the shop if it runs, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101 - for the type checker
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def hits(self) -> dict[str, Any]:
        """Return the shop's counters (`/__hits`)."""
        return dict(self._ask("GET", "/__hits"))

    def log(self) -> list[tuple[float, str, int]]:
        """Return the shop's log of requests: wall time in seconds, path with query, status."""
        return [(when, path, status) for when, path, status in self._ask("GET", "/__log")]

    def ledger(self) -> dict[int, dict[str, tuple[str, bool]]]:
        """Return what the shop sold on each day (`/__ledger`): price and stock by product."""
        told = self._ask("GET", "/__ledger")
        return {
            int(day): {number: (price, in_stock) for number, (price, in_stock) in sold.items()}
            for day, sold in told.items()
        }

    def control(self, **changes: object) -> dict[str, Any]:
        """Change the running shop (`/__control`) and return its state.

        Raises:
            UsageError: the shop does not accept a change.
        """
        return dict(self._ask("POST", "/__control", json.dumps(changes)))

    def _arguments(self) -> list[str]:
        settings = self.settings
        arguments = [
            "--exit-with-parent",
            f"--pages={settings.pages}",
            f"--page-size={settings.page_size}",
            f"--latency-ms={settings.latency_ms}",
            f"--end={settings.end}",
            f"--member-username={settings.member_username}",
            f"--member-password={settings.member_password}",
            f"--member-token={settings.member_token}",
            *(f"--fault={fault}" for fault in settings.faults),
        ]
        if settings.day is not None:
            arguments.append(f"--day={settings.day}")
        if settings.session_requests is not None:
            arguments.append(f"--session-requests={settings.session_requests}")
        if self.port is not None:
            arguments.append(f"--port={self.port}")
        return arguments

    def _wait_for_url(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if readable else ""
        start = line.find("http://")
        if start < 0:
            raise CatalogPipelineError(
                "the practice shop did not start"
                + (": its error is above" if readable else f" within {START_SECONDS:g} s")
            )
        return line[start:].split()[0].removesuffix("/products")

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        host = urlsplit(self.url).netloc
        if self._process is None or not host:
            raise UsageError("this practice shop is not running")
        connection = http.client.HTTPConnection(host, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise UsageError(f"practice shop: {answer['error']}")
        return answer
