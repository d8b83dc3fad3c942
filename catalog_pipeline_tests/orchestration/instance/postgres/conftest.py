"""Machines that share the database of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from catalog_pipeline_tests.orchestration.instance.postgres.hosts import Hosts
from catalog_pipeline_tests.postgres_server import Database, PostgresServer


@pytest.fixture
def hosts(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(tmp_path, stack, monkeypatch)


@pytest.fixture
def empty_database(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database that nobody has opened yet; the environment says where it is."""
    made = postgres.new_database()
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    return made
