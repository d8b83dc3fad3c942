"""The step that exports, and whether an export now would come to something else than the last one.

Sensor and command line ask here, too. Levels are compared, not edges: the file that there is with
the one that was exported, and what the YAML says with what it said then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from catalog_pipeline.catalogue.exports import Export
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.orchestration.checkpoints.kept_past import check_kept_past
from catalog_pipeline.orchestration.checkpoints.table_state import check_sound, read_last_build
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, export_key
from catalog_pipeline.orchestration.runs.export_targets import check_target, export_file
from catalog_pipeline.orchestration.runs.privacy import for_the_owner_alone
from catalog_pipeline.places import CataloguePlaces, catalogue_places
from catalog_pipeline.showing import as_line, as_lines
from catalog_pipeline.storing.stores import found_of, shelf_of
from catalog_pipeline.tables.exports.sources import has_source, source_of
from catalog_pipeline.tables.identity import identify

if TYPE_CHECKING:
    from catalog_pipeline.tables.exports.export import Exported

SOURCE_KEY = "exported_sha256"
"""Metadata key of an export: the digest of the file that was exported."""
VERSION_KEY = "export_version"
"""Metadata key of an export: how and where the YAML had it written."""
BYTES_KEY = "file_bytes"
WRITTEN_KEY = "file_sha256"
"""Metadata key of an export to a file: the digest of what it wrote."""
TAG_KEY = "object_tag"
"""Metadata key of an export into a bucket: the tag that the store gave what it wrote."""


def run_export(
    context: dg.AssetExecutionContext, catalogue: Catalogue, export: Export
) -> dg.MaterializeResult:
    """Write an export anew.

    Raises:
        dg.Failure: there is nothing to export, a value cannot be held, or the place is another's or
            cannot be written; what was there stays.
    """
    try:
        check_target(catalogue, export)
        places = catalogue_places(catalogue.name)
        with for_the_owner_alone(context, catalogue):
            source = source_of(catalogue.name, places, export.what)
            if export.what == "table":
                check_sound(context.instance, catalogue, source)
            else:
                check_kept_past(context.instance, catalogue)
            # In this order: a file that is replaced in between is exported once more.
            digest = identify(source).sha256
            exported, tag = _write(catalogue, export, source)
    except (CatalogPipelineError, OSError) as error:
        # The next look of the sensor tries again, after a while.
        context.instance.add_run_tags(context.run.run_id, {MAX_RETRIES_TAG: "0"})
        raise dg.Failure(as_lines(str(error)), allow_retries=False) from None
    for note in exported.notes:
        context.log.warning(as_line(f"{note}."))
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": exported.rows,
            SOURCE_KEY: digest,
            VERSION_KEY: export.version,
            "notes": [as_line(note) for note in exported.notes],
            **_place(catalogue, export, exported),
            **({} if tag is None else {TAG_KEY: tag}),
        }
    )


def exports_due(instance: dg.DagsterInstance, catalogue: Catalogue) -> list[Export]:
    """The exports that do not hold what there is to be exported, or not as the YAML says."""
    return [export for export in catalogue.exports if _is_due(instance, catalogue, export)]


def _is_due(instance: dg.DagsterInstance, catalogue: Catalogue, export: Export) -> bool:
    try:
        places = catalogue_places(catalogue.name)
        if not has_source(places, export.what):
            return False
        digest = identify(source_of(catalogue.name, places, export.what)).sha256
    except (CatalogPipelineError, OSError):
        # What is there and cannot be read is told by the export, as its failure.
        return True
    if export.what == "table":
        built = read_last_build(instance, catalogue)
        if built is not None and built.file is not None and built.file.sha256 != digest:
            # It is damaged, or its build has not come to its end yet: the next one is exported.
            return False
    event = instance.get_latest_materialization_event(export_key(catalogue, export))
    made = event.asset_materialization if event else None
    known = {key: value.value for key, value in made.metadata.items()} if made else {}
    if [known.get(key) for key in (SOURCE_KEY, VERSION_KEY)] != [digest, export.version]:
        return True
    return export.to != "postgres" and _is_another(places, export_file(catalogue, export), known)


def _is_another(places: CataloguePlaces, path: Path, known: Mapping[str, Any]) -> bool:
    """Whether a file is not what its export wrote, as where another machine, which stood still, put
    an older one over it; in a bucket by the tag that it had."""
    found = found_of(places, path)
    if path not in found:
        return True
    info = found[path]
    if info is not None:
        there = {BYTES_KEY: info.bytes, TAG_KEY: info.tag}
        return any(known.get(key, value) != value for key, value in there.items())
    try:
        digest = identify(path.resolve()).sha256
    except OSError:
        return True
    return known.get(WRITTEN_KEY) not in (None, digest)


def _write(catalogue: Catalogue, export: Export, source: Path) -> tuple[Exported, str | None]:
    """What came of it, and the tag of the file in a bucket."""
    # Arrow and pandas are imported where something is exported.
    from catalog_pipeline.tables.exports.export import export_to_file
    from catalog_pipeline.tables.exports.postgres import database_url, export_to_postgres
    from catalog_pipeline.tables.exports.writing import Options, TableOptions

    if export.to == "postgres":
        variable = str(export.url_env)
        key = export.merged_by(catalogue.key_columns)
        options = TableOptions(export.table_name, export.mode, key)
        url = database_url(os.environ, variable)
        return export_to_postgres(source, url, variable, options), None
    destination = export_file(catalogue, export)
    if export.path is None or not Path(export.path).is_absolute():
        destination.parent.mkdir(parents=True, exist_ok=True)
    exported = export_to_file(source, destination, Options(export.table_name, export.safe))
    places = catalogue_places(catalogue.name)
    held = places.holds(destination)
    return exported, shelf_of(places, destination.parent).put(destination) if held else None


def _place(catalogue: Catalogue, export: Export, exported: Exported) -> dict[str, Any]:
    if exported.file is None:
        return {"table": export.table_name, "database": str(export.url_env)}
    told = catalogue_places(catalogue.name).told(export_file(catalogue, export))
    return {
        "path": dg.MetadataValue.path(told),
        BYTES_KEY: exported.file.file_bytes,
        WRITTEN_KEY: exported.file.sha256,
    }
