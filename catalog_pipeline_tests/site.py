"""A catalogue for tests: the practice shop at its running address, written as a YAML of its own.

Belongs here: the YAML and where it lies. The shop itself is a fixture (see conftest).
"""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.finding import BUNDLED_FOLDER, FILE_NAME
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.places import CataloguePlaces, catalogue_places
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.storing.stores import page_store
from catalog_pipeline_tests.kept_files import Kept, kept, page_file_of

NAME = "shop"
KIND = "catalog_pipeline.orchestration.definitions.component.CatalogueComponent"

QUICK = {
    "requests_per_second": None,
    "concurrency": 4,
    "backoff_seconds": 0.02,
    "max_backoff_seconds": 0.05,
    "read_timeout_seconds": 5,
}
"""Politeness towards a shop of our own: tries follow each other at once."""


def bundled_attributes(name: str) -> dict[str, Any]:
    """The attributes of a bundled catalogue, as its YAML has them."""
    return deepcopy(_bundled_attributes(name))


@cache
def _bundled_attributes(name: str) -> dict[str, Any]:
    text = (BUNDLED_FOLDER / name / FILE_NAME).read_text(encoding="utf-8")
    attributes: dict[str, Any] = yaml.safe_load(text)["attributes"]
    return attributes


def write_catalogue(path: Path, attributes: dict[str, Any]) -> Catalogue:
    """Write a catalogue's YAML and read it.

    Raises CatalogueError if the attributes make it a wrong one; it is written all the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In C where that is there: pure Python takes as long as much of what is tested.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump({"type": KIND, "attributes": attributes}, Dumper=dumper, sort_keys=False)
    path.write_text(text)
    return read_catalogue(path)


class Site:
    """A catalogue `shop` whose YAML a test may write again, with other attributes."""

    def __init__(self, folder: Path, shop: RunningShop) -> None:
        self.folder = folder
        self.shop = shop
        self.name = NAME
        self.write()

    def write(self, *, like: str = "sandbox", name: str = NAME, **changes: Any) -> Catalogue:
        """Write the YAML after a bundled one; `politeness` is added to the quick one.

        Raises CatalogueError if the changes make it a wrong one; it is written all the same.
        """
        attributes = {**bundled_attributes(like), "base_url": self.shop.url, "last_page": 12}
        del attributes["practice_shop"], attributes["schedule"]
        if "pages" in changes:
            del attributes["last_page"]
        politeness = {**QUICK, **changes.pop("politeness", {})}
        attributes |= {**changes, "politeness": politeness}
        return write_catalogue(self.folder / name / FILE_NAME, attributes)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue as its YAML is now."""
        return read_catalogue(self.folder / self.name / FILE_NAME)

    @property
    def places(self) -> CataloguePlaces:
        """Where its files are."""
        return catalogue_places(self.name)

    def page_file(self, page: int) -> Kept:
        """The stored file of a page, of which there is one."""
        names = [name for name in page_store(self.places).files() if name.page == PageKey(page)]
        assert len(names) == 1
        return page_file_of(self.places, PageKey(page))

    @property
    def table_file(self) -> Kept:
        """The table, where it is kept."""
        return kept(self.places, self.places.table)

    def downloads(self) -> dict[int, int]:
        """How often the shop was asked for each page, a 304 not counted."""
        return {int(page): count for page, count in self.shop.hits()["pages"].items()}
