"""What a scene keeps its instance and its files in: files, PostgreSQL, a bucket beside it.

Several scenes of a profile may be open at once: where a database is, its home says. Not here: what
the engines are (`postgres_server`, `object_server`), and machines that share them (`hosts`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.postgres_server import PostgresServer, postgres_server

if TYPE_CHECKING:
    from catalog_pipeline_tests.object_server import ObjectServer

NAMES = ("embedded", "postgres", "bucket", "hosts")
"""Files of one machine; an instance in PostgreSQL; page files and tables in a bucket, too; and
several machines that share these."""


@dataclass(frozen=True)
class Profile:
    """The servers that scenes are on; none for files."""

    postgres: PostgresServer | None = None
    store: ObjectServer | None = None

    def scene(self, folder: Path, **attributes: Any) -> Scene:
        """A scene on these engines, with a database and a bucket of its own."""
        return Scene(
            folder,
            address=self.store.new_bucket().address if self.store is not None else None,
            database=self.postgres.new_database() if self.postgres is not None else None,
            **attributes,
        )


EMBEDDED = Profile()


@contextmanager
def opened(name: str) -> Iterator[Profile]:
    """The servers of a profile, until the end of the block; the environment says the keys."""
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server()) if name != "embedded" else None
        store = stack.enter_context(_store()) if name in ("bucket", "hosts") else None
        yield Profile(postgres, store)


@contextmanager
def _store() -> Iterator[ObjectServer]:
    # Its libraries are not for who needs none.
    from catalog_pipeline_tests.object_server import object_server

    before = dict(os.environ)
    with object_server() as server:
        os.environ.update(server.environ)
        try:
            yield server
        finally:
            os.environ.clear()
            os.environ.update(before)
