"""When pages were wiped by hand, so that a wiped page is downloaded and not taken from its file.

Not here: how a wipe is recorded (`instance/history`).
"""

from datetime import datetime
from functools import cached_property

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.instance.history import Source, Wipe, history_of
from catalog_pipeline.orchestration.names import KeyPath, is_pages_path


class WipeTimes:
    """Looks the wipes of a catalogue's pages up when it is first asked; most runs never ask."""

    def __init__(self, source: Source, catalogue: Catalogue) -> None:
        self._source = source
        self._catalogue = catalogue

    def __call__(self, page: PageKey) -> datetime | None:
        """When the page, or the whole asset, was last wiped; None if it never was."""
        times = [time for partition, time in self._wipes if partition in (None, str(page))]
        return max(times, default=None)

    @cached_property
    def _wipes(self) -> list[Wipe]:
        return list(history_of(self._source).wipes(self._is_of_the_catalogue))

    def _is_of_the_catalogue(self, path: KeyPath) -> bool:
        """Under whatever prefix: the files stay when a prefix is set or changed."""
        return is_pages_path(path, self._catalogue.name)
