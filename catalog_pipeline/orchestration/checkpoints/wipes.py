"""When pages were wiped by hand, so that a wiped page is downloaded and not taken from its file.

Not here: how Dagster records a wipe (`instance/wipe_events`).
"""

from datetime import datetime
from functools import cached_property

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.instance.wipe_events import wipes_of
from catalog_pipeline.orchestration.names import is_pages_key


class WipeTimes:
    """Looks the wipes of a catalogue's pages up when it is first asked; most runs never ask."""

    def __init__(self, instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
        self._instance = instance
        self._catalogue = catalogue

    def __call__(self, page: PageKey) -> datetime | None:
        """When the page, or the whole asset, was last wiped; None if it never was."""
        times = [time for partition, time in self._wipes if partition in (None, str(page))]
        return max(times, default=None)

    @cached_property
    def _wipes(self) -> list[tuple[str | None, datetime]]:
        """Partition and time of each wipe; a partition of None is the whole asset."""
        return list(wipes_of(self._instance, self._is_of_the_catalogue))

    def _is_of_the_catalogue(self, key: dg.AssetKey) -> bool:
        """Under whatever prefix: the files stay when a prefix is set or changed."""
        return is_pages_key(key, self._catalogue.name)
