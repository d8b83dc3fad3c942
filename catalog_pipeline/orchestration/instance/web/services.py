"""Web UI, daemon and code server of one instance, started and ended together.

The equal of Dagster's `dg dev`, which cannot put anything in front of its web server: the same
manager of code servers and the same daemon, with the web server in this process and behind its
guard. Not here: the web server (`server`), what the command prints beside the address (`cli/ui`).
"""

import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from dagster import DagsterInstance
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._utils.interrupts import setup_interrupt_handlers
from dagster_shared.ipc import get_ipc_shutdown_pipe, send_ipc_shutdown_message
from dagster_shared.serdes import serialize_value

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.open import open_served_instance
from catalog_pipeline.orchestration.instance.sql.failure_events import FailureTellingStorage
from catalog_pipeline.orchestration.instance.web.one_daemon import (
    DAEMON_MODULE,
    DaemonLock,
    check_that_no_other_is_on,
    only_daemon,
)
from catalog_pipeline.orchestration.instance.web.readiness import wait_for_daemon
from catalog_pipeline.orchestration.instance.web.server import WebServer, listen, url_of
from catalog_pipeline.orchestration.instance.web_origin import code_location
from catalog_pipeline.places import ensure_dagster_home
from catalog_pipeline.system.interpreter import running_module

_LOG_LEVEL = "warning"
"""Of everything: what is no news, such as a sensor that finds nothing to do, is not logged."""
_START_SECONDS = 60.0
_END_SECONDS = 60.0
_STATEMENT_TIMEOUT_MS = 15_000
_POOL_RECYCLE_SECONDS = 3600
"""What Dagster's own web server allows a question to a database, and its connections."""


def run_services(
    host: str,
    port: int | None,
    host_names: Collection[str],
    on_ready: Callable[[str, Sequence[str]], None],
) -> None:
    """Run them until a signal ends them; `on_ready` gets the address and what could not be loaded.

    Raises:
        UsageError: the port cannot be had, or the instance not be opened as it is set up.
        StorageError: the storage cannot be used, another web UI with a daemon is on in the home,
            or the daemon ended by itself.
    """
    os.environ["DAGSTER_IS_DEV_CLI"] = "1"
    home = ensure_dagster_home()
    check_that_no_other_is_on(home)
    with ExitStack() as stack:
        listening, instance = stack.enter_context(_listening_for_instance(host, port))
        if isinstance(instance.event_log_storage, FailureTellingStorage):
            instance.event_log_storage.tells_failures_once = True
        lock = stack.enter_context(only_daemon(home, url_of(listening)))
        workspace_file = stack.enter_context(_code_server(instance))
        started_at = time.time()
        daemon = stack.enter_context(_daemon(instance, workspace_file, lock))
        workspace = stack.enter_context(_workspace(instance, workspace_file))

        def say_ready() -> None:
            wait_for_daemon(instance, started_at, _START_SECONDS)
            on_ready(url_of(listening), _load_errors(workspace))

        server = WebServer(workspace, listening, {*host_names, host}, lambda: _begin(say_ready))
        stack.enter_context(_ends_with(daemon, server))
        server.serve_until_told()
        if daemon.poll() is not None:
            raise StorageError(
                f"Dagster's daemon ended by itself, with code {daemon.returncode}; what it said is "
                f"above. Nothing recorded is lost; start the web UI again."
            )


def serve_workspace(
    host: str,
    port: int | None,
    host_names: Collection[str],
    workspace_file: Path,
    on_ready: Callable[[str, Sequence[str]], None],
) -> None:
    """Serve the web UI alone, for code servers and a daemon that run elsewhere.

    Raises:
        UsageError: the port cannot be had, or the instance not be opened as it is set up.
        StorageError: the storage cannot be used.
    """
    with ExitStack() as stack:
        listening, instance = stack.enter_context(_listening_for_instance(host, port))
        instance.optimize_for_webserver(_STATEMENT_TIMEOUT_MS, _POOL_RECYCLE_SECONDS, -1)
        workspace = stack.enter_context(_workspace(instance, workspace_file))

        def say_ready() -> None:
            on_ready(url_of(listening), _load_errors(workspace))

        names = {*host_names, host}
        WebServer(workspace, listening, names, lambda: _begin(say_ready)).serve_until_told()


@contextmanager
def _listening_for_instance(
    host: str, port: int | None
) -> Iterator[tuple[socket.socket, DagsterInstance]]:
    """Where the web server is to listen, and what it serves, in a process that a signal ends."""
    logging.getLogger("dagster").setLevel(_LOG_LEVEL.upper())
    setup_interrupt_handlers()
    with listen(host, port) as listening, open_served_instance() as instance:
        yield listening, instance


def _workspace(instance: DagsterInstance, file: Path) -> WorkspaceProcessContext:
    return WorkspaceProcessContext(instance, WorkspaceFileTarget([str(file)]))


@contextmanager
def _code_server(instance: DagsterInstance) -> Iterator[Path]:
    """Runs the code server; yields the file by which web server and daemon find it."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = Path(folder) / "loaded.yaml"
        loaded.write_text(yaml.safe_dump({"load_from": [{"python_module": code_location()}]}))
        target = WorkspaceFileTarget([str(loaded)])
        with ProxyServerManager(instance, target, _LOG_LEVEL) as servers:
            served = Path(folder) / "served.yaml"
            served.write_text(yaml.safe_dump({"load_from": servers.get_code_server_specs()}))
            yield served


@contextmanager
def _daemon(
    instance: DagsterInstance, workspace_file: Path, lock: DaemonLock
) -> Iterator[subprocess.Popen[bytes]]:
    reader, writer = get_ipc_shutdown_pipe()
    command = [*running_module(DAEMON_MODULE), "run"]
    command += ["--log-level", _LOG_LEVEL, "--shutdown-pipe", str(reader)]
    command += ["--instance-ref", serialize_value(instance.get_ref())]
    command += ["--workspace", str(workspace_file)]
    # What it logs is no answer of the command's: that is the address alone.
    daemon = subprocess.Popen(  # noqa: S603 - Dagster's own, and no shell
        command, pass_fds=[reader, lock.descriptor], stdout=sys.stderr
    )
    os.close(reader)
    try:
        lock.name_daemon(daemon.pid)
        yield daemon
    finally:
        try:
            send_ipc_shutdown_message(writer)
            daemon.wait(_END_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            daemon.kill()
            daemon.wait()


@contextmanager
def _ends_with(daemon: subprocess.Popen[bytes], server: WebServer) -> Iterator[None]:
    """Within the block the end of the daemon is the end of the web server."""

    def end() -> None:
        daemon.wait()
        server.should_exit = True

    _begin(end)
    yield


def _begin(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _load_errors(workspace: WorkspaceProcessContext) -> list[str]:
    """What keeps code locations from being loaded, as one reads it."""
    entries = workspace.create_request_context().get_code_location_entries()
    return [entry.load_error.message for entry in entries.values() if entry.load_error]
