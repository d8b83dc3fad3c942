"""What a request finds to do: pages to crawl, to parse again, to find.

Free of Dagster: by the standing that was read, whoever told it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.standing import Standing, tell_moved
from catalog_pipeline.orchestration.checkpoints.table_state import LastBuild
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.damage import without_newer_file
from catalog_pipeline.storing.stores import page_store


@dataclass(frozen=True)
class Todo:
    """The pages to crawl, those that are only parsed again, and whether more are to be found."""

    due: frozenset[PageKey]
    to_parse: frozenset[PageKey] = frozenset()
    finds: bool = False

    @property
    def pages(self) -> frozenset[PageKey]:
        """All pages that there is something to do about."""
        return self.due | self.to_parse


def todo_of(request: CrawlRequest, standing: Standing, spectator: Spectator) -> Todo:
    """What there is to do by that standing; what is amiss is told to the spectator."""
    wanted = request.wanted(standing.pages)
    if request.reparse:
        return Todo(wanted & standing.checkpoints.keys())
    catalogue, statuses = request.catalogue, standing.statuses
    moved = {page: place for page, place in standing.moved.items() if page in wanted}
    sentence = tell_moved(catalogue, moved)
    if sentence is not None:
        spectator.found_moved(sentence)
    # Whoever plans pages that are in progress elsewhere does not crawl them: the lock is ours.
    due = wanted & {*standing.due, *statuses.in_progress}
    store = page_store(catalogue_places(catalogue.name))
    to_parse = wanted & standing.to_parse
    damaged = standing.damaged((wanted & statuses.done) - due | to_parse, store)
    if damaged:
        lost = without_newer_file((standing.checkpoints[page] for page in damaged), store)
        spectator.found_damaged(told for page, told in damaged.items() if page in lost)
    finds = request.pages is None and standing.is_end_due
    return Todo(due | damaged.keys(), to_parse - damaged.keys(), finds)


def unusable_pages(
    request: CrawlRequest, standing: Standing, built: LastBuild | None, refused: Set[PageKey]
) -> dict[PageKey, str]:
    """Pages of the request that the table could not use and a download may mend, and why.

    Those that this command has asked for in vain are not asked for a second time.
    """
    if built is None or request.reparse:
        return {}
    wanted = request.wanted(standing.pages) - refused
    return {page: why for page, why in built.left_out.items() if page in wanted}
