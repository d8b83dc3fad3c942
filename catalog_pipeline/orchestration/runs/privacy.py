"""Who may read what a run writes: behind a login or a secret, only the owner of home and data.

How files are made private is in `catalog_pipeline.system.private_files`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.showing import as_line
from catalog_pipeline.system.private_files import private_files, withdraw


@contextmanager
def for_the_owner_alone(context: dg.AssetExecutionContext, catalogue: Catalogue) -> Iterator[None]:
    """Behind a secret what is made within is private, and what is there becomes so."""
    if not catalogue.is_private:
        yield
        return
    with private_files():
        home = Path(context.instance.root_directory)
        for folder in (home, catalogue_places(catalogue.name).folder):
            problem = withdraw(folder)
            if problem is not None:
                context.log.warning(as_line(f"{problem}."))
        yield
