"""Finds the mistakes in a catalogue's YAML that only Dagster can tell: cron text, owners, tags."""

from collections.abc import Callable

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.orchestration.names import pages_key


def check_catalogue(catalogue: Catalogue) -> None:
    """Hold a catalogue to Dagster's rules before anything is made of it.

    Raises:
        CatalogueError: the cron text, an owner or a tag is not valid; it says what is.
    """
    key = pages_key(catalogue.name)
    if schedule := catalogue.schedule:
        _try(
            catalogue,
            "schedule.cron",
            lambda: dg.ScheduleDefinition(
                "tried", target=[key], cron_schedule=schedule.cron, execution_timezone="UTC"
            ),
        )
    _try(catalogue, "owners", lambda: dg.AssetSpec(key, owners=catalogue.owners))
    _try(catalogue, "tags", lambda: dg.AssetSpec(key, tags=catalogue.tags))


def _try(catalogue: Catalogue, field: str, make: Callable[[], object]) -> None:
    try:
        make()
    except dg.DagsterInvalidDefinitionError as error:
        raise CatalogueError(catalogue.name, field, str(error)) from error
