"""Instances on each engine: what holds for one holds for the other."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline_tests.same_past import check_same_past

ENGINES = (
    pytest.param("home", id="sqlite"),
    pytest.param("postgres_home", id="postgres", marks=pytest.mark.processes),
)
"""The fixtures that make a home of each."""


@pytest.fixture(params=ENGINES)
def engine_home(request: pytest.FixtureRequest) -> Path:
    """A home of the test's own, with nothing recorded."""
    home: Path = request.getfixturevalue(request.param)
    return home


@pytest.fixture
def instance(engine_home: Path) -> Iterator[dg.DagsterInstance]:
    """Its instance, open; without Dagster the same is told of what the test left."""
    with open_instance() as opened:
        yield opened
        check_same_past(opened, engine_home)
