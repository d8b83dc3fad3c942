"""Machines that share the database of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from catalog_pipeline_tests.orchestration.instance.postgres.hosts import Hosts
from catalog_pipeline_tests.postgres_server import Database


@pytest.fixture
def hosts(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(tmp_path, stack, monkeypatch)
