"""Finds the mistakes in a catalogue's YAML that only Dagster can tell: cron text, owners, tags."""

from collections.abc import Callable

import dagster as dg

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.orchestration.names import pages_key

_TRIED = "tried"
_OF_TRIED = f" for schedule '{_TRIED}''"
"""What Dagster adds of the schedule that is made for the check alone."""


def check_catalogue(catalogue: Catalogue) -> None:
    """Hold a catalogue to Dagster's rules before anything is made of it.

    Raises:
        CatalogueError: the cron text, an owner or a tag is not valid; it says what is.
    """
    mistakes = mistakes_for_dagster(catalogue)
    if mistakes:
        raise CatalogueError.of(catalogue.name, mistakes)


def mistakes_for_dagster(catalogue: Catalogue) -> list[Mistake]:
    """The cron text, owners and tags that are not valid; each says what is."""
    key = pages_key(catalogue)
    schedule = catalogue.schedule
    tried: dict[str, Callable[[], object]] = {
        "owners": lambda: dg.AssetSpec(key, owners=catalogue.owners),
        "tags": lambda: dg.AssetSpec(key, tags=catalogue.tags),
    }
    if schedule is not None:
        tried["schedule.cron"] = lambda: dg.ScheduleDefinition(
            _TRIED, target=[key], cron_schedule=schedule.cron, execution_timezone="UTC"
        )
    return [mistake for field, make in tried.items() if (mistake := _tried(field, make))]


def _tried(field: str, make: Callable[[], object]) -> Mistake | None:
    try:
        make()
    except dg.DagsterInvalidDefinitionError as error:
        return Mistake(field, str(error).replace(_OF_TRIED, "").removesuffix("."))
    return None
