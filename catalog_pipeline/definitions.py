"""The code location: every catalogue that has a YAML file, whatever the working directory."""

from __future__ import annotations

import dagster as dg

from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.orchestration.definitions.location import build_location

_QUIET_CONSOLE = dg.configured(dg.colored_console_logger)({"log_level": "WARNING"})
"""What a run does is read in the run's log; the terminal of the web UI shows what went wrong."""


@dg.definitions
def defs() -> dg.Definitions:
    """All catalogues, each by its component; one process per run is enough for a crawl."""
    return dg.Definitions.merge(
        build_location(find_catalogues()),
        dg.Definitions(executor=dg.in_process_executor, loggers={"console": _QUIET_CONSOLE}),
    )
