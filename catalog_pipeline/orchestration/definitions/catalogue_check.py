"""Finds the mistakes in a catalogue's YAML that only Dagster can tell: cron text, owners, tags.

Also names of checks in rules of notices, since only the assets say which checks there are.
"""

from collections.abc import Callable, Iterator

import dagster as dg

from catalog_pipeline.catalogue.conditions import CheckFails
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.spelling import meant
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.orchestration.definitions.products_asset import build_products_asset
from catalog_pipeline.orchestration.definitions.table_checks import build_table_checks
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.orchestration.runs.page_checks import refusing_checks

_TRIED = "tried"
_OF_TRIED = f" for schedule '{_TRIED}''"
"""What Dagster adds of the schedule that is made for the check alone."""
_WITHOUT: dict[str, object] = {"owners": (), "tags": {}, "schedule": None}
"""What may be wrong for itself, and says nothing of the checks that the assets have."""


def check_catalogue(catalogue: Catalogue) -> None:
    """Hold a catalogue to Dagster's rules before anything is made of it.

    Raises:
        CatalogueError: the cron text, an owner, a tag or the name of a check is not valid; it says
            what is.
    """
    mistakes = [*mistakes_for_dagster(catalogue), *mistakes_about_checks(catalogue)]
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


def mistakes_about_checks(catalogue: Catalogue) -> Iterator[Mistake]:
    """Rules of notices about checks that the table does not have."""
    named = {
        place: rule.condition.name
        for place, rule in enumerate(catalogue.notify.rules if catalogue.notify else ())
        if isinstance(rule.condition, CheckFails) and rule.condition.name is not None
    }
    known = _checks_of_table(catalogue.model_copy(update=_WITHOUT)) if named else []
    for place, name in named.items():
        if name not in known:
            problem = f"the table has no check {name}{meant(name, known)}"
            yield Mistake(f"notify.rules.{place}", problem, ", ".join(known))


def _checks_of_table(catalogue: Catalogue) -> list[str]:
    """The checks of which notice is given: those of the table, and of pages that keep one out."""
    assets = [build_products_asset(catalogue), *build_table_checks(catalogue)]
    of_table = (key.name for each in assets for key in each.check_keys)
    return sorted([*of_table, *refusing_checks(catalogue)])


def _tried(field: str, make: Callable[[], object]) -> Mistake | None:
    try:
        make()
    except dg.DagsterInvalidDefinitionError as error:
        return Mistake(field, str(error).replace(_OF_TRIED, "").removesuffix("."))
    return None
