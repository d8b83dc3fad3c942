"""What the tests of the table share."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog_pipeline.storing.folder_store import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """An empty store of page files."""
    store = FolderStore(tmp_path / "shop" / "pages")
    store.prepare()
    return store


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Where the table goes; it is not there yet."""
    return tmp_path / "shop" / "products.parquet"
