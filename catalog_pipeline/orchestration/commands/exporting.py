"""The exports after a crawl and a build in this process: what is due, each in a run of its own.

One that fails is told and takes nothing along; whoever asked decides what that means.
"""

from dataclasses import replace

import dagster as dg

from catalog_pipeline.orchestration.commands.in_process import export_here
from catalog_pipeline.orchestration.commands.result import CrawlResult, ExportResult
from catalog_pipeline.orchestration.runs.export_run import exports_due
from catalog_pipeline.orchestration.runs.export_targets import export_file
from catalog_pipeline.places import catalogue_places


def with_exports(instance: dg.DagsterInstance, result: CrawlResult) -> CrawlResult:
    """The result, and what the exports came to that were due after it."""
    catalogue = result.request.catalogue
    if result.is_interrupted:
        return result
    exported: list[ExportResult] = []
    for export in exports_due(instance, catalogue):
        run = export_here(instance, catalogue, export)
        if run.was_interrupted:
            return replace(result, exports=tuple(exported), is_interrupted=True)
        where = f"{export.table_name} of the database of {export.url_env}"
        if export.to != "postgres":
            where = catalogue_places(catalogue.name).told(export_file(catalogue, export))
        exported.append(ExportResult(export.asset_name, where, run.error))
    return replace(result, exports=tuple(exported))
