"""Saved pages of a real site, served on loopback at the addresses that they had there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog_pipeline_tests.answering import NOT_HERE, Reply, Request, answering

SAVED = Path(__file__).parents[2] / "shared" / "catalogues"

needs_saved_pages = pytest.mark.skipif(
    not SAVED.is_dir(), reason="the saved pages (../shared/catalogues) are not there"
)


@contextmanager
def served_files(files: Mapping[str, Path]) -> Iterator[str]:
    """Serve each file at its path, all other paths as 404; yields the base URL."""

    def answer(request: Request) -> Reply:
        path = files.get(request.path)
        return Reply(path.read_bytes()) if path else NOT_HERE

    with answering(answer) as url:
        yield url
