"""A request that finds nothing to do, answered from the SQLite files without importing Dagster.

What is to do, and whether the table is of today, is decided where it is decided for every request;
whatever comes out here comes out of `crawl_and_build` too, and a test compares the two. Of anything
less plain nothing is said here.
"""

from __future__ import annotations

import re

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.checkpoints.table_state import (
    LastBuild,
    checkpoint_count,
    damage_of_build,
    read_last_build,
    why_not_of_today,
)
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.orchestration.commands.summing import Tally, sum_up
from catalog_pipeline.orchestration.commands.todo import todo_of, unusable_pages
from catalog_pipeline.orchestration.instance.asking import ask_tables
from catalog_pipeline.orchestration.instance.history import Source
from catalog_pipeline.orchestration.instance.sql.table_history import NotPlainError

_VALID_CRON = re.compile(r"[0-5]?[0-9] (\*|1?[0-9]|2[0-3]) \* \* (\*|[0-6])")
_VALID_OWNER = re.compile(r"team:[a-z]+")
"""What is valid for certain; of other cron texts and owners Dagster has to be asked."""


def result_if_nothing_is_due(request: CrawlRequest) -> CrawlResult | None:
    """The result of a request that has nothing to do; None if it may have something."""
    if not _may_be_told(request):
        return None
    try:
        return ask_tables(lambda history: result_of_nothing(history, request))
    except NotPlainError:
        return None


def result_of_nothing(source: Source, request: CrawlRequest) -> CrawlResult | None:
    """The same by what that source tells."""
    catalogue = request.catalogue
    # First what is quickly told: the standing of a large catalogue takes seconds, and so does a
    # look at the whole of a large table, which may have to come out of a bucket.
    built = read_last_build(source, catalogue)
    if built is None or _is_not_of_today(source, catalogue, built):
        return None
    standing = read_standing(source, catalogue, request.cutoff)
    todo = todo_of(request, standing, Spectator())
    if todo.pages or todo.finds or damage_of_build(catalogue, built) is not None:
        return None
    if unusable_pages(request, standing, built, frozenset()):
        return None
    settled = request.wanted(standing.pages)
    return sum_up(request, Tally(), standing, settled, None, None, built)


def _is_not_of_today(source: Source, catalogue: Catalogue, built: LastBuild) -> bool:
    count = checkpoint_count(source, catalogue)
    return why_not_of_today(source, catalogue, built, catalogue.pages, count) is not None


def _may_be_told(request: CrawlRequest) -> bool:
    """Whether only crawl and build could be due, and Dagster has nothing against the YAML."""
    catalogue = request.catalogue
    return (
        catalogue.is_fixed
        and not request.reparse
        and not catalogue.exports
        and _is_valid_for_certain(catalogue)
    )


def _is_valid_for_certain(catalogue: Catalogue) -> bool:
    schedule = catalogue.schedule
    return (
        not catalogue.tags
        and catalogue.notify is None
        and all(_VALID_OWNER.fullmatch(owner) for owner in catalogue.owners)
        and (schedule is None or _VALID_CRON.fullmatch(schedule.cron) is not None)
    )
