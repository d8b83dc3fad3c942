"""Which Parquet file it is that is exported, and why there is none.

Of a past that is the file which counts, also where a build died before it gave it its name.
"""

from __future__ import annotations

from pathlib import Path

from catalog_pipeline.catalogue.exports import What
from catalog_pipeline.errors import ExportError, TableError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.storing.stores import past_of, table_of
from catalog_pipeline.system.durable_files import kind_of


def has_source(places: CataloguePlaces, what: What) -> bool:
    """Whether there is something to be exported by now, readable or not.

    Raises:
        StorageError: it cannot be had from where it is kept.
    """
    if what == "table":
        return kind_of(table_of(places)) is not None
    # Arrow takes its time to be imported, and a sensor asks for tables alone in most cases.
    from catalog_pipeline.tables.history.reading import has_past

    with past_of(places) as table:
        return has_past(table)


def source_of(name: str, places: CataloguePlaces, what: What) -> Path:
    """The file of a catalogue that holds what is to be exported.

    Raises:
        ExportError: there is none, or it is a history that cannot be read.
        StorageError: it cannot be had from where it is kept.
    """
    if what == "table":
        if kind_of(table_of(places)) is not None:
            return places.table
        raise ExportError(
            f"{name} has no table at {places.told(places.table)}. To make it: "
            f"catalog-pipeline run {name}"
        )
    from catalog_pipeline.tables.history.reading import file_of_past

    try:
        with past_of(places) as table:
            return file_of_past(table, what)
    except TableError as error:
        raise ExportError(f"{name} has no {what}. {error}") from error
