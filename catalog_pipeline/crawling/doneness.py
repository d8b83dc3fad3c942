"""When a checkpoint no longer makes its page done: the one definition of that.

The command, the schedule, the table and the step of a run ask it. What a run makes of the answers
is in `plan`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.origins import Origins
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import PageRecord

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much those of machines that crawl together may, without a word."""


def is_ahead(fetched_at: datetime, now: datetime) -> bool:
    """Whether a page was fetched by a clock that was ahead, so that nobody knows its age."""
    return fetched_at > now + _CLOCKS_DIFFER


@dataclass(frozen=True)
class NotDone:
    """Why a checkpoint does not make its page done.

    With `is_to_parse` its stored body is enough: it is parsed again. Else it is downloaded.
    """

    is_moved: bool
    reason: str
    is_to_parse: bool = False


class Doneness:
    """Says of checkpoints why they no longer make their pages done, by the catalogue of today.

    `is_unreadable` says whether today's YAML was found unable to read the stored body of a page:
    only a download can help then.
    """

    def __init__(
        self, catalogue: Catalogue, is_unreadable: Callable[[PageKey], bool] = lambda page: False
    ) -> None:
        self._origins = Origins(catalogue)
        self._code_version = catalogue.code_version
        self._is_unreadable = is_unreadable

    def why_not(
        self, record: PageRecord, cut_off: datetime | None, now: datetime
    ) -> NotDone | None:
        """Why a page with that record is to be downloaded or parsed again; None if it is done.

        Without a cut-off a page stays done, however old. With one, a time after `now` proves
        nothing: the clock was ahead when it was taken down.
        """
        place = self._origins.elsewhere(record)
        if place is not None:
            return NotDone(True, place)
        if cut_off is not None and not cut_off <= record.fetched_at <= now:
            is_ahead = record.fetched_at > now
            when = "in the future, by a clock that was ahead" if is_ahead else "too long ago"
            return NotDone(False, f"fetched {when}")
        if record.code_version == self._code_version:
            return None
        is_to_parse = not self._is_unreadable(record.page)
        return NotDone(False, "parsed by another YAML", is_to_parse=is_to_parse)
