"""Which pages are due: the one definition that the command line and the schedule share."""

from datetime import datetime

from dagster import DagsterInstance

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints, read_statuses


def due_pages(
    instance: DagsterInstance, catalogue: Catalogue, cutoff: datetime | None = None
) -> list[PageKey]:
    """Pages that are missing, failed, or in progress in a dead run.

    With a cut-off also those whose checkpoint is older. Pages in progress in a living run are
    not due: that run has them.
    """
    statuses = read_statuses(instance, catalogue.name, catalogue.pages)
    due = set(statuses.due)
    if cutoff is not None:
        checkpoints = read_checkpoints(instance, catalogue.name, statuses.done)
        due |= {
            page
            for page in statuses.done
            if page not in checkpoints or checkpoints[page].record.fetched_at < cutoff
        }
    return sorted(due)
