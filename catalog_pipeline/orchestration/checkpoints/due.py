"""Which pages are due: read from one look at the history, for the command line and the schedule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from dagster import DagsterInstance

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.plan import why_not_done
from catalog_pipeline.orchestration.checkpoints.reader import (
    PageStatuses,
    read_checkpoints,
    read_statuses,
)
from catalog_pipeline.records import StoredPage

_PLACES_NAMED = 3


@dataclass(frozen=True)
class Standing:
    """What a catalogue's history says at one moment, and what is due by it.

    `outdated` are the done pages that are to be downloaded again, `moved` those of them that were
    fetched from another address, with that address.
    """

    statuses: PageStatuses
    checkpoints: Mapping[PageKey, StoredPage]
    outdated: frozenset[PageKey] = frozenset()
    moved: Mapping[PageKey, str] = field(default_factory=dict)

    @property
    def due(self) -> list[PageKey]:
        """Pages that are missing, failed, in progress in a dead run, or outdated.

        Pages in progress in a living run are not due: that run has them.
        """
        return sorted({*self.statuses.due, *self.outdated})


def read_standing(
    instance: DagsterInstance, catalogue: Catalogue, cutoff: datetime | None = None
) -> Standing:
    """Where the catalogue stands; with a cut-off, done pages from before it are due."""
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    now = datetime.now(timezone.utc)
    outdated: set[PageKey] = set()
    moved: dict[PageKey, str] = {}
    for page in statuses.done:
        if page not in checkpoints:
            # Recorded by other hands: what there is of it names no stored page.
            outdated.add(page)
            continue
        not_done = why_not_done(catalogue, checkpoints[page].record, cutoff, now)
        if not_done is not None:
            outdated.add(page)
            if not_done.is_moved:
                moved[page] = not_done.reason
    return Standing(statuses, checkpoints, frozenset(outdated), moved)


def due_pages(
    instance: DagsterInstance, catalogue: Catalogue, cutoff: datetime | None = None
) -> list[PageKey]:
    """The pages that are due, in order."""
    return read_standing(instance, catalogue, cutoff).due


def tell_moved(catalogue: Catalogue, moved: Mapping[PageKey, str]) -> str | None:
    """One sentence about pages that were fetched elsewhere, and how to keep them; None if none."""
    if not moved:
        return None
    first = min(moved)
    places = ", ".join(list(_unique(moved[page] for page in sorted(moved)))[:_PLACES_NAMED])
    more = " and others" if len(set(moved.values())) > _PLACES_NAMED else ""
    return (
        f"pages {format_pages(moved)} were fetched from another address ({places}{more}); the "
        f"address of page {first} is {catalogue.page_address(first)} now. They are due "
        f"again. If it is the same site, name its other base URL in the YAML's mirrors"
    )


def _unique(values: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(values)
