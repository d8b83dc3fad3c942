"""Homes in PostgreSQL whose files are in an object store, for a whole session of tests.

What makes a home for a test (the fixture `home`, a crash's `Scene`, the tests' services) asks here
where it is to be. Not here: when a session has a cluster, and which tests are for it
(`cluster_tier`); the servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import HOME_VARIABLE
from catalog_pipeline_tests.postgres_server import (
    Database,
    PostgresServer,
    postgres_server,
    write_postgres_home,
)

if TYPE_CHECKING:
    from catalog_pipeline_tests.object_server import Bucket, ObjectServer

_CONNECTIONS = "max_connections=200"

_running: list[Cluster] = []


@dataclass(frozen=True)
class Place:
    """Where the history and the files of one home are."""

    database: Database
    bucket: Bucket

    @property
    def address(self) -> str:
        """What `CATALOG_PIPELINE_DATA` has to be."""
        return self.bucket.address


@dataclass
class Cluster:
    """The servers of the tier, which find each other by the environment of the whole session."""

    postgres: PostgresServer
    store: ObjectServer
    untouched: Database
    _places: dict[Path, Place] = field(default_factory=dict)

    def place_of(self, home: Path) -> Place:
        """The place of a home, in which nothing is recorded when it is first asked for."""
        if home not in self._places:
            database = self.postgres.new_database(self.untouched)
            self._places[home] = Place(database, self.store.new_bucket())
        return self._places[home]

    def forget(self, folder: Path) -> None:
        """Drop the databases of all homes below a folder; they would fill the memory."""
        for home in [each for each in self._places if each.is_relative_to(folder)]:
            self.postgres.drop_database(self._places.pop(home).database)


def running_cluster() -> Cluster | None:
    """The cluster, in a session of that tier."""
    return _running[0] if _running else None


def place_home(home: Path) -> str | None:
    """Let a home be in the cluster; what the address of its files is. Where there is no cluster it
    is made by whoever opens it first."""
    cluster = running_cluster()
    if cluster is None:
        return None
    place = cluster.place_of(home)
    write_postgres_home(home, place.database)
    return place.address


@contextmanager
def opened_cluster(folder: Path) -> Iterator[None]:
    """The cluster until the end of the block, in whose environment all processes are."""
    # Its libraries are not for the tests that need none.
    from catalog_pipeline_tests.object_server import object_server

    with ExitStack() as servers, pytest.MonkeyPatch.context() as environment:
        postgres = servers.enter_context(postgres_server("fsync=off", _CONNECTIONS))
        store = servers.enter_context(object_server())
        untouched = postgres.new_database()
        write_postgres_home(folder, untouched)
        with pytest.MonkeyPatch.context() as at_home:
            at_home.setenv(HOME_VARIABLE, str(folder))
            with open_instance():
                pass
        # Where its database is, each home says.
        for name, value in store.environ.items():
            environment.setenv(name, value)
        _running.append(Cluster(postgres, store, untouched))
        try:
            yield
        finally:
            _running.clear()
