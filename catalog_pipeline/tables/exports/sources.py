"""Which Parquet file it is that is exported, and why there is none."""

from __future__ import annotations

from pathlib import Path

from catalog_pipeline.catalogue.exports import What
from catalog_pipeline.errors import ExportError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.system.durable_files import kind_of


def source_of(name: str, places: CataloguePlaces, what: What) -> Path:
    """The file of a catalogue that holds what is to be exported.

    Raises:
        ExportError: there is none.
    """
    path = {"table": places.table, "history": places.history, "changes": places.changes}[what]
    if kind_of(path) is not None:
        return path
    if what == "table":
        raise ExportError(
            f"{name} has no table yet. Crawl it first: catalog-pipeline run {name}",
        )
    raise ExportError(
        f"{name} has no {what}: {path} is not there. They are kept from the first build of a table "
        f"on whose YAML says `history`."
    )
