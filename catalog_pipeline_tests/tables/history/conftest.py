"""What the tests of the history share."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog_pipeline_tests.tables.history.days import Days


@pytest.fixture
def days(tmp_path: Path) -> Days:
    """A shop that is not crawled yet, with a history of price and stock."""
    return Days(tmp_path / "shop")
