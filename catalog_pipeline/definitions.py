"""The code location: every catalogue that has a YAML file, whatever the working directory."""

from __future__ import annotations

import dagster as dg

from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.orchestration.definitions.location import build_location


@dg.definitions
def defs() -> dg.Definitions:
    """All catalogues, each by its component; one process per run is enough for a crawl."""
    return dg.Definitions.merge(
        build_location(find_catalogues()),
        dg.Definitions(executor=dg.in_process_executor),
    )
