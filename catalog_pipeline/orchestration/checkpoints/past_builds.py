"""What earlier builds of a catalogue's table recorded, as checks and history want to know it.

The table's own state is in `table_state`; what is made of the past belongs in `tables.quality`.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.table_state import (
    BUILT_FROM_KEY,
    FILLED_KEY,
    PAGES_KEY,
    ROWS_KEY,
    read_last_build,
)
from catalog_pipeline.orchestration.names import products_key
from catalog_pipeline.tables.last_past import LastPast
from catalog_pipeline.tables.quality.past import Past, PastBuild

_BUILDS_READ_PER_CRAWL = 10
"""A crawl may be built several times, as after an edit of the YAML."""
_LACKS = ("pages_failed", "pages_missing", "pages_in_progress", "pages_damaged")


def read_past(
    instance: dg.DagsterInstance, catalogue: Catalogue, built_from: int | None, pages: str
) -> Past:
    """The last builds of complete crawls before the one of which the newest event is `built_from`,
    and what the last build recorded of the history.

    Where the YAML says which `pages` there are, only those of the same pages are its past.
    """
    most = catalogue.checks.rows.against
    builds: dict[int, PastBuild] = {}
    for crawl, build, _ in _complete_builds(instance, catalogue, pages):
        if crawl != built_from:
            builds.setdefault(crawl, build)
        if len(builds) == most:
            break
    last = read_last_build(instance, catalogue)
    return Past(tuple(builds.values()), LastPast.recorded(last.history) if last else None)


def runs_of_past(instance: dg.DagsterInstance, catalogue: Catalogue, pages: str) -> set[str]:
    """The runs of the builds that are the past of the next build, and of the one after the last."""
    runs: dict[int, str] = {}
    for crawl, _, run_id in _complete_builds(instance, catalogue, pages):
        runs.setdefault(crawl, run_id)
        if len(runs) > catalogue.checks.rows.against:
            break
    return set(runs.values())


def _complete_builds(
    instance: dg.DagsterInstance, catalogue: Catalogue, pages: str
) -> Iterator[tuple[int, PastBuild, str]]:
    limit = catalogue.checks.rows.against * _BUILDS_READ_PER_CRAWL
    for record in instance.fetch_materializations(products_key(catalogue), limit=limit).records:
        materialization = record.asset_materialization
        if materialization is None:
            continue
        metadata = materialization.metadata
        told: dict[str, Any] = {key: found.value for key, found in metadata.items()}
        is_whole = not any(told.get(name, 1) for name in _LACKS)
        has_other_pages = catalogue.is_fixed and told.get(PAGES_KEY) != pages
        if not is_whole or has_other_pages or FILLED_KEY not in told:
            continue
        build = PastBuild(told[ROWS_KEY], told[FILLED_KEY])
        yield told[BUILT_FROM_KEY], build, record.run_id
