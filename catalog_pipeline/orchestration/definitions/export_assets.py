"""The assets `[<catalogue>, export_<name>]`: the table, or its past, in the formats of the YAML.

They are below what they export, and nothing is below them: one that fails takes nothing along.
"""

import dagster as dg

from catalog_pipeline.catalogue.exports import Export
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    export_key,
    exported_key,
    qualified_name,
)
from catalog_pipeline.orchestration.runs.export_run import run_export
from catalog_pipeline.orchestration.runs.export_targets import export_file
from catalog_pipeline.places import catalogue_places

_KINDS = {"jsonl": "json", "xlsx": "excel"}


def build_export_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """An asset for each of the catalogue's exports."""
    return [build_export_asset(catalogue, export) for export in catalogue.exports]


def build_export_asset(catalogue: Catalogue, export: Export) -> dg.AssetsDefinition:
    """One export as an asset."""

    @dg.asset(
        key=export_key(catalogue, export),
        deps=[exported_key(catalogue, export)],
        group_name=qualified_name(catalogue),
        owners=list(catalogue.owners),
        tags={CATALOGUE_TAG: catalogue.name, **catalogue.tags},
        kinds={_KINDS.get(export.to, export.to)},
        code_version=export.version,
        metadata=_metadata(catalogue, export),
        description=_description(catalogue, export),
    )
    def exported(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return run_export(context, catalogue, export)

    return exported


def _metadata(catalogue: Catalogue, export: Export) -> dict[str, str]:
    if export.to == "postgres":
        return {"database": str(export.url_env), "table": export.table_name}
    return {"dagster/uri": catalogue_places(catalogue.name).uri(export_file(catalogue, export))}


def _description(catalogue: Catalogue, export: Export) -> str:
    what = f"The {export.what} of {catalogue.name}"
    when = f"after each build, by the sensor {qualified_name(catalogue)}_exports_sensor"
    if export.to != "postgres":
        return f"{what} as {export.to}, written anew {when}."
    how = "replaced" if export.mode == "replace" else "merged by key"
    return f"{what} in PostgreSQL ({export.url_env}), {how} {when}."
