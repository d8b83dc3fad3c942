"""Why a catalogue's table is not of today, or not there at all, for whoever looks at it.

Whether it is to be built is asked of `table_state`; here it is added what became of the attempt.
"""

from __future__ import annotations

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.standing import Standing
from catalog_pipeline.orchestration.checkpoints.table_state import LastBuild, why_not_of_today
from catalog_pipeline.orchestration.instance.history import History, Source, history_of
from catalog_pipeline.orchestration.names import products_path
from catalog_pipeline.tables.build import lack_of_coverage

_ENDS = {"FAILURE": "failed", "CANCELED": "was cancelled"}


def why_table_lacks(
    source: Source, catalogue: Catalogue, standing: Standing, built: LastBuild | None
) -> str | None:
    """What the table lacks that a build now would bring, and what became of the last attempt at
    it; None if it lacks nothing, or a first one waits for pages that are not done yet.
    """
    history = history_of(source)
    attempt = history.unfinished_attempt(products_path(catalogue))
    end = _end_of(history, attempt) if attempt is not None else None
    which = f"run {attempt[:8]}, which was to build it, {end}" if attempt and end else None
    if built is None:
        done, known = len(standing.checkpoints), with_known_pages(history, catalogue)
        is_due = done and attempt is None and lack_of_coverage(known, done) is None
        return "no build of one was begun since its pages came" if is_due else which
    count = len(standing.checkpoints)
    reason = why_not_of_today(source, catalogue, built, standing.pages, count)
    return f"{reason}, and {which}" if reason is not None and which is not None else reason


def _end_of(history: History, run_id: str) -> str | None:
    """What became of a run; None if it is alive, or has nothing to be told."""
    run = history.run(run_id)
    if run is None:
        return "is gone"
    if run.status == "SUCCESS":
        return None
    return _ENDS.get(run.status) or (None if history.is_alive(run_id) else "died")
