"""The catalogues that can be used, and why the others cannot: for commands over all of them."""

from __future__ import annotations

from dataclasses import dataclass

from catalog_pipeline.catalogue.files import (
    base_url_override,
    crawlable,
    read_catalogue,
    with_base_url,
)
from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import CatalogPipelineError


@dataclass(frozen=True)
class Catalogues:
    """All catalogues in order of their names; those in `broken` with what is wrong."""

    usable: tuple[Catalogue, ...]
    broken: dict[str, CatalogPipelineError]


def all_catalogues(*, to_crawl: bool) -> Catalogues:
    """Read the files of all catalogues; what is passed over or cannot be used is said at once.

    Their selectors and patterns count only for those `to_crawl`.
    """
    found = find_catalogues()
    for sentence in found.ignored:
        say(f"Note: {sentence}", err=True)
    usable: list[Catalogue] = []
    broken: dict[str, CatalogPipelineError] = {**found.doubled}
    for doubled in found.doubled.values():
        say(f"Error: {doubled}", err=True)
    for name, path in found.files.items():
        try:
            catalogue = with_base_url(read_catalogue(path), base_url_override(name))
            if to_crawl:
                from catalog_pipeline.reading.reader import reader_of

                # Selectors and patterns show their mistakes when they are compiled.
                with crawlable(path):
                    reader_of(catalogue)
            usable.append(catalogue)
        except CatalogPipelineError as error:
            broken[name] = error
            say(f"Error: {error}", err=True)
    return Catalogues(tuple(usable), broken)
