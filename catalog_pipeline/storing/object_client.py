"""The library's client of one address of an object store: how long is waited, and for what.

What is asked of a store is in `objects`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catalog_pipeline.errors import StorageError, UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PATIENCE_SECONDS = 45.0
"""How long a store that is away or overloaded is asked again; the last request may take its own
time, and all this must be over when a worker that stores a page is replaced, after a minute."""
_SECONDS_OF_A_REQUEST = 10.0
_SECONDS_TO_CONNECT = 5.0
_LONGEST_PAUSE_SECONDS = 2.0
_MOST_TRIES = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_S3_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def opened(address: str, environ: Mapping[str, str], patience_seconds: float) -> ObjectStore:
    """The library's store of an address, as the variables say.

    Raises:
        UsageError: the library is missing, the address is none of a store, or a variable has what
            the library cannot ask a store with.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{address} needs the package obstore, which is not installed: "
            f"pip install 'catalog-pipeline[objects]'."
        ) from error
    _check_variables(address, environ)
    request = timedelta(seconds=min(_SECONDS_OF_A_REQUEST, patience_seconds))
    client: dict[str, Any] = {
        "timeout": request,
        "connect_timeout": min(request, timedelta(seconds=_SECONDS_TO_CONNECT)),
    }
    options: dict[str, Any] = {"client_options": client}
    endpoint = next((environ[each] for each in _S3_ENDPOINTS if environ.get(each)), None)
    if address.startswith("s3:") and endpoint is not None:
        client["allow_http"] = endpoint.startswith("http:")
        options["endpoint"] = endpoint
    try:
        return from_url(
            address,
            retry_config={
                "max_retries": _MOST_TRIES,
                "retry_timeout": timedelta(seconds=patience_seconds),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=_LONGEST_PAUSE_SECONDS),
                    "base": 2,
                },
            },
            **options,
        )
    except (BaseError, ValueError) as error:
        raise UsageError(f"{address}: {str(error).splitlines()[0]}.") from error


def _check_variables(address: str, environ: Mapping[str, str]) -> None:
    """The library panics at these, and no `except` holds that. What they are may be secret."""
    if not address.startswith("s3:"):
        return
    for name, value in environ.items():
        if name.startswith("AWS_") and _CONTROL.search(value):
            raise UsageError(f"{name} has a newline or another control character: take it away.")
    for name in _S3_ENDPOINTS:
        if environ.get(name) and not _is_endpoint(environ[name]):
            raise UsageError(
                f"{name} is no address of a store: write http://HOST:PORT or https://HOST."
            )


def _is_endpoint(value: str) -> bool:
    try:
        parts = urlsplit(value)
        # Which is looked at when it is asked for.
        return (
            value.startswith(("http://", "https://"))
            and " " not in value
            and (bool(parts.hostname) and parts.port != 0)
        )
    except ValueError:
        return False


_used_by: int | None = None


def require_no_fork() -> None:
    """The library has threads, which no forked process gets.

    Raises:
        StorageError: another process than this one has used the library, and this is its fork.
    """
    global _used_by
    if _used_by is None:
        _used_by = os.getpid()
    elif _used_by != os.getpid():
        raise StorageError(
            f"Process {os.getpid()} was forked of one that has used the object store, and cannot "
            f"use it: start it as a program of its own."
        )
