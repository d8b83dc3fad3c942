"""Whether a folder lets write what crawls and builds write there, tried with a small file."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path

from catalog_pipeline.errors import StorageError
from catalog_pipeline.system.durable_files import replace_content

_BYTES = 64 << 10
"""More than is left on a disk that is full."""


def try_folder(folder: Path) -> None:
    """Write a file and remove it; nothing of a folder that is not there yet.

    Raises:
        StorageError: it cannot be written.
    """
    if not folder.is_dir():
        return
    path = folder / f".tried-{uuid.uuid4().hex}"
    try:
        replace_content(path, bytes(_BYTES))
    except OSError as error:
        raise StorageError(
            f"Nothing can be written in {folder}: {error.strerror or error}. Is the disk full, or "
            f"write-protected?"
        ) from error
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
