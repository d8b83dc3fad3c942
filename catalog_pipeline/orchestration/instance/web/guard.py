"""Keeps pages of other sites, opened in the same browser, away from the web UI.

Dagster's web server takes mutations by GET, from any origin and under any host name, so that a
picture in a page of somebody else can wipe a catalogue. A layer in front of it refuses these; a
program that is no browser, and names no origin, is answered as before. Not here: the server.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from graphql import OperationDefinitionNode, OperationType, parse
from graphql.error import GraphQLError
from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})

_FOREIGN_HOST = (
    "This web UI does not answer under that name. Open it at the address that it was started "
    "with, or start it with --allow-host NAME."
)
_FOREIGN_ORIGIN = "This web UI answers its own pages only, and this request is one of another's."
_UNSAFE_GET = "A GET may ask, and not change anything; send mutations by POST."


class SiteGuard:
    """An ASGI application in front of another one; `host_names` are those it answers under."""

    def __init__(self, app: ASGIApp, host_names: Collection[str]) -> None:
        self._app = app
        self._host_names = {name.lower() for name in host_names} | LOOPBACK_NAMES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # Before it is accepted this is an answer with status 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            status, text = refusal
            await PlainTextResponse(f"{text}\n", status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0], scope):
            return 403, _FOREIGN_HOST
        if any(not _is_same(origin, hosts[0]) for origin in headers.getlist("origin")):
            return 403, _FOREIGN_ORIGIN
        if scope["type"] == "http" and scope["method"] != "POST" and not _only_asks(scope):
            return 405, _UNSAFE_GET
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        """Whether a host is a name that was given, or the address that the request came in at."""
        name = _host_name(host)
        address = scope.get("server") or (None,)
        return name is not None and (name in self._host_names or name == address[0])


def _host_name(host: str) -> str | None:
    """The name in a `Host`, without its port; None if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        is_whole = parts.netloc == host and "@" not in host and (parts.port or 0) >= 0
    except ValueError:
        return None
    return parts.hostname if is_whole else None


def _is_same(origin: str, host: str) -> bool:
    """Whether an `Origin` is the one whose pages come from that host."""
    scheme, separator, address = origin.partition("://")
    return scheme in ("http", "https") and bool(separator) and address.lower() == host.lower()


def _only_asks(scope: Scope) -> bool:
    """Whether a request has no operation of GraphQL in its address but queries."""
    if scope["path"].rstrip("/") != "/graphql":
        return True
    asked = QueryParams(scope["query_string"]).multi_items()
    return all(_is_query(value) for name, value in asked if name == "query")


def _is_query(text: str) -> bool:
    try:
        document = parse(text)
    except (GraphQLError, RecursionError):
        return False
    return all(
        node.operation == OperationType.QUERY
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    )
