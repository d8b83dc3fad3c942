"""Addresses of SQLite files whose path holds what means something else in a URL.

Dagster makes URLs of paths by joining texts: below a folder named `q?x` or `feature%2Fnew` its own
storages open another file. Not here: connections (`connections`).
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as db

_MEANS_SOMETHING = re.compile(r"\?|%[0-9A-Fa-f]{2}")


def database_url(path: str) -> db.URL:
    """The address of a file, whatever its name."""
    return db.URL.create("sqlite", database=path)


def is_plain(path: str) -> bool:
    """Whether Dagster's own storages open the file of that path, and no other."""
    return not _MEANS_SOMETHING.search(path)


@contextmanager
def plain_path(folder: str) -> Iterator[str]:
    """A path of the folder that Dagster's own storages can open, within the block."""
    if is_plain(folder):
        yield folder
        return
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="catalog-pipeline-") as place:
        link = os.path.join(place, "link")
        os.symlink(os.path.abspath(folder), link)
        yield link
