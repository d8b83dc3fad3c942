"""Why pages failed, in lines for the end of a run's log: where the web UI leads from a partition.

The page of a partition that has never succeeded shows nothing of its own but the way to that log,
which opens at its end and shows some ten lines of it. So many failures are told together with
those of the same reason. Not here: what the log says while the run goes on (`run_log`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.records import PageFailure
from catalog_pipeline.showing import shortened

TOLD_ALONE = 8
REASONS_TOLD = 20
_MAX_PAGES_CHARACTERS = 200


def reasons_of(failures: Sequence[PageFailure]) -> Iterator[str]:
    """A line for each failure, or for each reason where there are many of them."""
    if len(failures) <= TOLD_ALONE:
        yield from (failure.message for failure in failures)
        return
    alike: dict[str, list[PageFailure]] = {}
    for failure in failures:
        alike.setdefault(_without_page(failure), []).append(failure)
    for reason, those in islice(alike.items(), REASONS_TOLD):
        yield those[0].message if len(those) == 1 else f"pages {_named(those)}: {reason}"
    untold = sum(len(those) for those in islice(alike.values(), REASONS_TOLD, None))
    if untold:
        yield f"{untold:,} more pages for other reasons, which their partitions' events tell"


def _named(failures: Sequence[PageFailure]) -> str:
    pages = format_pages(failure.page for failure in failures)
    return shortened(pages, _MAX_PAGES_CHARACTERS)


def _without_page(failure: PageFailure) -> str:
    """The sentence without what names the page, by which no two would be the same."""
    return failure.message.removeprefix(f"page {failure.page} {failure.url}: ")
