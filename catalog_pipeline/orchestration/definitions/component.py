"""The Dagster component of a catalogue: from its YAML to assets, schedule and automation.

No logic of its own: what an asset does is in `runs`.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel

from catalog_pipeline.catalogue.files import (
    base_url_override,
    catalogue_from_attributes,
    with_base_url,
)
from catalog_pipeline.catalogue.model import Catalogue, CatalogueAttributes
from catalog_pipeline.orchestration.definitions.catalogue_check import check_catalogue
from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset
from catalog_pipeline.orchestration.definitions.products_asset import build_products_asset
from catalog_pipeline.orchestration.definitions.scaffold import CatalogueScaffolder
from catalog_pipeline.orchestration.definitions.schedule import build_refresh_schedule
from catalog_pipeline.orchestration.definitions.sensor import build_table_sensor
from catalog_pipeline.reading.html.listing import ListingParser


@dg.scaffold_with(CatalogueScaffolder)
class CatalogueComponent(dg.Component):
    """One site's product listing as resumable assets: a checkpoint per page, and a table.

    Its YAML says where the listing is, what one product looks like and which fields it has. The
    assets are `product_pages`, with one partition per listing page, and `products`, the Parquet
    table of all of them, with checks, a sensor that rebuilds it, and a schedule that refreshes it.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        # Selectors and patterns are compiled here so that a mistake in them shows before a crawl.
        ListingParser(catalogue)
        check_catalogue(catalogue)
        self.catalogue = catalogue

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What `dg` and the web UI say of the component."""
        return dg.ComponentTypeSpec(
            description=inspect.getdoc(cls),
            owners=["team:catalogues"],
            tags=["scraping", "html", "parquet"],
            produces=["asset", "asset_check", "schedule", "sensor"],
        )

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes that a YAML may hold."""
        return CatalogueAttributes

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> "CatalogueComponent":
        """Make the component of one YAML; its folder's name is the catalogue's."""
        folder = Path(context.path)
        values: Mapping[str, Any] = attributes.model_dump(exclude_unset=True) if attributes else {}
        catalogue = catalogue_from_attributes(folder.name, values)
        return cls(with_base_url(catalogue, base_url_override(catalogue.name)))

    def build_defs(self, context: Any = None) -> dg.Definitions:
        """Assets, checks, schedule and automation of the catalogue."""
        schedule = build_refresh_schedule(self.catalogue)
        return dg.Definitions(
            assets=[build_pages_asset(self.catalogue), build_products_asset(self.catalogue)],
            schedules=[schedule] if schedule else [],
            sensors=[build_table_sensor(self.catalogue)],
        )
