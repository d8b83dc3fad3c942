"""What tests of crawls share: pages that are a danger to whoever reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

POISON = Path(__file__).with_name("poison")

Endanger = Callable[..., None]


@pytest.fixture
def endanger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Endanger:
    """Makes pages a danger to the workers that are started afterwards."""

    def make(**dangers: list[int]) -> None:
        named = {danger.replace("_", " "): pages for danger, pages in dangers.items()}
        monkeypatch.setenv("PYTHONPATH", str(POISON))
        monkeypatch.setenv("CATALOG_PIPELINE_TESTS_DANGERS", json.dumps(named))
        monkeypatch.setenv("CATALOG_PIPELINE_TESTS_ONCE", str(tmp_path / "once"))

    return make
