"""Pages that crawls stored and the catalogue does not have yet: read many at a time."""

from __future__ import annotations

import threading
from datetime import datetime, timezone

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.left_over import left_over
from catalog_pipeline.crawling.plan import CutOff
from catalog_pipeline.crawling.working.page_worker import PageWorker
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

PAGES = 4


class _LateStore(FolderStore):
    """Answers when as many reads have come as it likes at once."""

    reads_at_once = PAGES
    together = threading.Barrier(PAGES, timeout=PATIENCE_SECONDS)

    def _get(self, page: PageKey, name: str) -> bytes:
        self.together.wait()
        return super()._get(page, name)


@pytest.mark.parametrize("are_recorded", [True, False])
def test_they_are_read_many_at_a_time(site: Site, are_recorded: bool):
    catalogue = site.write(pages="open").with_pages(())
    store = _LateStore(site.places.pages)
    store.prepare()
    worker = PageWorker(catalogue, site.places)
    stored: dict[PageKey, StoredPage] = {}
    for page in keys(*range(1, PAGES + 1)):
        answer = worker.do(messages.FetchPage(page, catalogue.page_address(page), 1))
        assert isinstance(answer, messages.PageStored)
        stored[page] = answer.stored
    now = datetime.now(timezone.utc)
    checkpoints = stored if are_recorded else {}
    found = left_over(catalogue, checkpoints, store, CutOff(now), lambda page: None, now)
    assert found == stored
