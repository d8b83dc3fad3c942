"""Whether a bucket lets do all that crawls and builds do there, tried with an object of its own."""

from __future__ import annotations

import uuid
from contextlib import suppress

from catalog_pipeline.errors import StorageError
from catalog_pipeline.storing.objects import Objects, TooLongObjectError


def try_rights(objects: Objects) -> None:
    """List, write, read and remove, at an address; nothing is left there.

    Raises:
        StorageError: one of these cannot be done, or what answers is no store.
    """
    objects.list()
    name = f".tried-{uuid.uuid4().hex}"
    objects.put(name, name.encode())
    try:
        is_there = _is_there(objects, name)
    except StorageError:
        with suppress(StorageError):
            objects.remove([name])
        raise
    if not is_there:
        raise StorageError(
            f"What answers for {objects.address} does not have what was put there a moment ago: it "
            f"is no object store, or a web page before one. Look at AWS_ENDPOINT_URL."
        )
    objects.remove([name])


def _is_there(objects: Objects, name: str) -> bool:
    try:
        content = objects.get(name, max_bytes=len(name))
    except (FileNotFoundError, TooLongObjectError):
        return False
    return content == name.encode() and name in {each.name for each in objects.list()}
