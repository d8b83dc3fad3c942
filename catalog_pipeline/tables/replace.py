"""A new table file in the place of the old one, at once and durably; nothing is lost by it.

Names for files under construction, and the exchange. What is in the files is not looked at.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from catalog_pipeline.storing.shelf import HERE, Shelf, name_aside
from catalog_pipeline.system import durable_files


@contextlib.contextmanager
def temporary_names(destination: Path) -> Iterator[Callable[[], Path]]:
    """Names for files that do not outlive the build, in the folder of `destination`."""
    prefix = f".{destination.name}.building-"
    made = 0

    def next_name() -> Path:
        nonlocal made
        made += 1
        return destination.with_name(f"{prefix}{os.getpid()}-{made}")

    def remove_all() -> None:
        for path in destination.parent.glob(f"{prefix}*"):
            path.unlink(missing_ok=True)

    destination.parent.mkdir(parents=True, exist_ok=True)
    remove_all()
    try:
        yield next_name
    finally:
        remove_all()


def replace_table(new: Path, destination: Path, shelf: Shelf = HERE) -> None:
    """Put a table in the place of another, both before and after a loss of power whole.

    A folder that is in the way is not ours to remove: it gets another name beside.
    """
    if durable_files.kind_of(destination) == "a folder":
        os.rename(destination, name_aside(destination))
    shelf.put_in_place(new, destination)
