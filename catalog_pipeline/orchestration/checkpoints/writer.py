"""Writes what a crawl did into Dagster's event log: checkpoints, failures, planned pages.

Not here: how events reach the log in batches (`instance/batch_events`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.ports import Fence, unfenced
from catalog_pipeline.orchestration.checkpoints.ends import metadata_of_doubt, metadata_of_end
from catalog_pipeline.orchestration.checkpoints.metadata import (
    metadata_of_failure,
    metadata_of_page,
)
from catalog_pipeline.orchestration.instance.batch_events import StepEvents
from catalog_pipeline.orchestration.instance.sql.materialization_json import Made
from catalog_pipeline.orchestration.names import CODE_VERSION_TAG, DATA_VERSION_TAG
from catalog_pipeline.records import ListingEnd, PageFailure, StoredPage


class EventRecorder:
    """Records the pages of one run; a `Recorder` of the crawl. For the step's main thread.

    All that it writes passes the `fence`.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        pages_key: dg.AssetKey,
        announced: Iterable[PageKey],
        make_partitions: Callable[[Sequence[PageKey]], None] = lambda pages: None,
        fence: Fence = unfenced,
    ) -> None:
        self._context = context
        self._fence = fence
        self._events = StepEvents(context, fence)
        self._key = pages_key
        self._announced = set(announced)
        self._make_partitions = make_partitions
        self.recorded: list[StoredPage] = []

    def record_pages(self, pages: Sequence[StoredPage]) -> None:
        """Write the checkpoints of pages, in one batch.

        A page that was found gets its partition before: it is one of the site, and missing until
        its checkpoint is there.
        """
        self._make_partitions([stored.record.page for stored in pages])
        self._events.store_pages(self._key, [_materialization(stored) for stored in pages])
        self.recorded.extend(pages)

    def pages_found(self, pages: Sequence[PageKey]) -> None:
        """Make partitions of pages, and announce them for this run.

        In this order: a crawl that dies between the two leaves pages that are missing.
        """
        self._make_partitions(pages)
        self.plan_pages(page for page in pages if page not in self._announced)

    def record_failure(self, failure: PageFailure) -> None:
        """Write why a page could not be had."""
        self._make_partitions([failure.page])
        observation = dg.AssetObservation(
            self._key, partition=str(failure.page), metadata=metadata_of_failure(failure)
        )
        # Why is in the metadata; said twice, it would be stored twice, in each of two files.
        said = f"Page {failure.page} failed."
        if failure.page not in self._announced:
            # Dagster shows no page as failed that its run has not announced.
            self.plan_pages([failure.page])
        self._events.store([self._events.observed(observation, said)])

    def record_end(self, end: ListingEnd) -> None:
        """Write that a page is the last one of its listing."""
        observation = dg.AssetObservation(
            self._key, partition=str(end.page), metadata=metadata_of_end(end)
        )
        said = f"The listing ends with page {end.page} ({end.signs})."
        self._events.store([self._events.observed(observation, said)])

    def doubt_end(self, last: PageKey, doubted: Sequence[PageKey]) -> None:
        """Write that it could not be confirmed that a page is the last one of its listing: no end
        is known until one is. The pages `doubted` seem to be gone."""
        metadata = metadata_of_doubt(datetime.now(timezone.utc), doubted)
        observation = dg.AssetObservation(self._key, partition=str(last), metadata=metadata)
        said = f"That the listing ends with page {last} could not be confirmed."
        self._events.store([self._events.observed(observation, said)])

    def take_back(self, page: PageKey) -> None:
        """Wipe a page, and announce it anew for this run."""
        wipe = self._context.instance.wipe_asset_partitions
        self._fence(lambda: wipe(self._key, [str(page)]))
        self.recorded = [stored for stored in self.recorded if stored.record.page != page]
        self.plan_pages([page])

    def plan_pages(self, pages: Iterable[PageKey]) -> None:
        """Announce pages that the run's partition tags do not name, as Dagster does for ranges."""
        pages = list(pages)
        self._announced.update(pages)
        self._events.store(
            [
                self._events.planned(
                    self._key, str(page), f"The run intends to materialize page {page}."
                )
                for page in pages
            ]
        )

    def forget_plans(self) -> None:
        """Remove what was announced and has come, when all is recorded: the run's log has it."""
        self._events.forget_plans(self._key)


def _materialization(stored: StoredPage) -> Made:
    record = stored.record
    tags = {DATA_VERSION_TAG: record.data_version, CODE_VERSION_TAG: record.code_version}
    page = str(record.page)
    return Made(page, metadata_of_page(stored), tags, f"Page {page} is stored.")
