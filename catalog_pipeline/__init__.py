"""Resumable catalogue scraping on Dagster: every listing page is a checkpoint.

`CatalogueComponent` can be had from here, which is the name that a YAML's `type` gives; it is
imported when it is asked for, since Dagster takes long to import and most commands need none.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name != "CatalogueComponent":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from catalog_pipeline.orchestration.definitions.component import CatalogueComponent

    return CatalogueComponent


def __dir__() -> list[str]:
    return sorted({*globals(), "CatalogueComponent"})
