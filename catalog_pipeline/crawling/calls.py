"""What a worker may be asked to do that is no page of the crawl, and what comes of it.

Values that cross a process boundary, as in `messages`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from catalog_pipeline.errors import CatalogPipelineError

Within: TypeAlias = "Callable[[], AbstractContextManager[object]]"
"""Within what it gives something is read: noted for who watches the process."""
Call: TypeAlias = "Callable[[Within, Callable[[], bool]], object]"
"""A function that can be sent to another process; the second argument says whether to stop."""


@dataclass(frozen=True, slots=True)
class CallWatched:
    """Call something that reads what a site says."""

    call: Call

    def answer(self, within: Within, before_request: Callable[[], None]) -> CallDone | CallFailed:
        """Do it, and tell what came of it; `before_request` fails when nobody asks any more."""

        def must_stop() -> bool:
            try:
                before_request()
            except EOFError:
                return True
            return False

        try:
            return CallDone(self.call(within, must_stop))
        except CatalogPipelineError as error:
            return CallFailed(error)


@dataclass(frozen=True, slots=True)
class CallDone:
    """What was called has given the `result`."""

    result: object


@dataclass(frozen=True, slots=True)
class CallFailed:
    """What was called has raised the `error`."""

    error: CatalogPipelineError
