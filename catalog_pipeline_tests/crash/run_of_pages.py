"""A run over some pages as a worker executes it, for a process of its own: `... shop 1-20`.

It takes its pages by itself, as a run of a backfill does, and builds no table.
"""

from __future__ import annotations

import sys

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.page_selection import select_pages
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.instance.open import open_instance_of_worker


def main(name: str, selection: str) -> None:
    """Execute the run."""
    catalogue = load_catalogue(name)
    with open_instance_of_worker() as instance:
        run = crawl_here(instance, catalogue, select_pages(catalogue, selection), None)
    if run.error is not None:
        sys.exit(run.error)


if __name__ == "__main__":
    main(*sys.argv[1:])
