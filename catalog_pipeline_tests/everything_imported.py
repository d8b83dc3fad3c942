"""Importing this imports all of the project: for processes that are forked."""

import gc
import pkgutil
from importlib import import_module

import catalog_pipeline
from catalog_pipeline.cli.imports import heavy_imports

with heavy_imports():
    for found in pkgutil.walk_packages(catalog_pipeline.__path__, "catalog_pipeline."):
        if not found.name.endswith("__main__"):
            import_module(found.name)
    # A run that Dagster's code server starts.
    import_module("dagster._grpc.impl")
    # What most runs of Dagster's own command need.
    for name in ("cli", "cli.check", "cli.list", "cli.scaffold"):
        import_module(f"dagster_dg_cli.{name}")

# What is there now is shared with all forks, as long as nobody writes to it.
gc.collect()
gc.freeze()
