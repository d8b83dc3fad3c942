"""Whether the files of a catalogue's past are those that its last build left, as it is recorded.

For whoever has to know it whatever else is to be said of the table; `table_state` has it among the
reasons for a build.
"""

from __future__ import annotations

from contextlib import suppress

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.checkpoints.table_state import LastBuild, read_last_build
from catalog_pipeline.orchestration.instance.asking import ask_tables
from catalog_pipeline.orchestration.instance.history import Source
from catalog_pipeline.orchestration.instance.sql.table_history import (
    NothingRecordedError,
    NotPlainError,
)
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.stores import found_of
from catalog_pipeline.tables.last_past import LastPast
from catalog_pipeline.tables.past_damage import damage_of_past


def damage_of_kept_past(catalogue: Catalogue, built: LastBuild | None) -> str | None:
    """What is wrong with the files of a catalogue's past; None if nothing is to be seen.

    Raises:
        StorageError: they cannot be looked at.
    """
    if not catalogue.history:
        return None
    places = catalogue_places(catalogue.name)
    paths = (places.history, places.changes)
    last = LastPast.recorded(built.history) if built is not None else None
    return damage_of_past(places, paths, found_of(places, *paths), last)


def seen_damage_of_kept_past(catalogue: Catalogue) -> str | None:
    """The same, as far as it is told without Dagster: for whoever only reads these files.

    Raises:
        StorageError: they cannot be looked at.
    """
    with suppress(NotPlainError):
        return damage_of_kept_past(catalogue, seen_last_build(catalogue))
    return None


def seen_last_build(catalogue: Catalogue) -> LastBuild | None:
    """The latest build of a catalogue's table, asked of the storage's tables; None if there was
    none.

    Raises:
        NotPlainError: only Dagster can tell.
        StorageError: the storage cannot be used.
    """
    with suppress(NothingRecordedError):
        return ask_tables(lambda history: read_last_build(history, catalogue))
    return None


def check_kept_past(source: Source, catalogue: Catalogue) -> None:
    """Look whether the files of a catalogue's past are those that its last build left.

    Raises:
        StorageError: they are not, so that nothing is to be made of them; or cannot be looked at.
    """
    damage = damage_of_kept_past(catalogue, read_last_build(source, catalogue))
    if damage is not None:
        raise StorageError(f"{catalogue.name}: {damage}. Nothing was exported.")
