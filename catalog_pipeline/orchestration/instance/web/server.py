"""The web server of the web UI, behind the guard, in this process.

Here: the socket it listens at and its life within a process that has other things to end. Not
here: what else is running (`services`), who is let in (`guard`).
"""

import socket
from collections.abc import Callable, Collection

import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_webserver.app import create_app_from_workspace_process_context

from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.instance.web.failed_partition import FailureTellingPages
from catalog_pipeline.orchestration.instance.web.guard import SiteGuard

USUAL_PORT = 3000
_ANY = 0
_END_SECONDS = 5
"""How long open connections, as those of a browser that waits for news, hold the end up."""


class WebServer(uvicorn.Server):
    """Serves the workspace until it is told to end; calls back when it can be reached."""

    def __init__(
        self,
        workspace: WorkspaceProcessContext,
        listening: socket.socket,
        host_names: Collection[str],
        on_ready: Callable[[], None],
    ) -> None:
        pages = FailureTellingPages(create_app_from_workspace_process_context(workspace))
        app = SiteGuard(pages, host_names)
        super().__init__(
            uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_END_SECONDS)
        )
        self._listening = listening
        self._on_ready = on_ready

    def serve_until_told(self) -> None:
        """Serve until a signal comes, which is raised again afterwards, or `should_exit` is set."""
        self.run(sockets=[self._listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def listen(host: str, port: int | None) -> socket.socket:
    """A socket at that port; without one at the usual port, or where that is taken at a free one.

    Raises:
        UsageError: one cannot listen there.
    """
    ports = [USUAL_PORT, _ANY] if port is None else [port]
    for each in ports:
        try:
            return _bound(host, each)
        except OSError as error:
            if each == ports[-1]:
                raise UsageError(
                    f"The web UI cannot listen at {host}, port {each}: {error.strerror}. "
                    f"Name another port or host."
                ) from error
    raise AssertionError("one of the ports was tried")


def url_of(listening: socket.socket) -> str:
    """The address at which a browser on this machine reaches it."""
    host, port = listening.getsockname()[:2]
    # Nothing is bound here: what somebody else bound is told apart.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        # Two servers may be bound to one port with that option, but only one listens at it.
        bound.listen()
    except BaseException:
        bound.close()
        raise
    return bound
