"""The Dagster component of a catalogue: from its YAML to assets, schedule and automation.

No logic of its own: what an asset does is in `runs`.
"""

import inspect
import warnings
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel, RootModel

from catalog_pipeline.catalogue.cautions import cautions_of
from catalog_pipeline.catalogue.files import (
    base_url_override,
    catalogue_from_attributes,
    read_catalogue,
    with_base_url,
)
from catalog_pipeline.catalogue.key_prefix import key_prefix_in, key_prefix_of
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.schema import attributes_schema
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.orchestration.definitions.broken import broken_definitions, mistakes_are_fatal
from catalog_pipeline.orchestration.definitions.catalogue_check import check_catalogue
from catalog_pipeline.orchestration.definitions.export_assets import build_export_assets
from catalog_pipeline.orchestration.definitions.export_sensor import build_export_sensors
from catalog_pipeline.orchestration.definitions.listings_asset import build_listings_asset
from catalog_pipeline.orchestration.definitions.namesakes import namesakes
from catalog_pipeline.orchestration.definitions.notices_asset import build_notices_assets
from catalog_pipeline.orchestration.definitions.notices_sensor import build_notices_sensors
from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset
from catalog_pipeline.orchestration.definitions.products_asset import build_products_asset
from catalog_pipeline.orchestration.definitions.retention import build_retention_schedule
from catalog_pipeline.orchestration.definitions.scaffold import CatalogueScaffolder
from catalog_pipeline.orchestration.definitions.schedule import build_refresh_schedule
from catalog_pipeline.orchestration.definitions.sensor import build_table_sensor
from catalog_pipeline.orchestration.definitions.table_checks import build_table_checks
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline.sandbox.on_demand import served
from catalog_pipeline.showing import as_line

RECOMMENDED_PARTITIONS = 100_000
"""Partitions of an asset that Dagster recommends at most."""


class UncheckedAttributes(RootModel[dict[str, Any]]):
    """The attributes as Dagster has read them, not yet held to what they may be.

    Dagster shows their schema. Its reading is not used where there is a file: the file is read as
    the command reads it, so that both have the same catalogue of it.
    """

    @classmethod
    def model_json_schema(cls, *_arguments: Any, **_options: Any) -> dict[str, Any]:
        """The schema of a catalogue's attributes."""
        return attributes_schema()


@dg.scaffold_with(CatalogueScaffolder)
class CatalogueComponent(dg.Component):
    """One site's product listing as resumable assets: a checkpoint per page, and a table.

    Its YAML says where the listing is, what one product looks like and which fields it has. The
    assets are `product_pages`, with one partition per listing page, and `products`, the Parquet
    table of all of them, with checks, a sensor that rebuilds it, and a schedule that refreshes it.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        # Selectors and patterns are compiled here so that a mistake in them shows before a crawl.
        reader_of(catalogue)
        check_catalogue(catalogue)
        self.catalogue = catalogue
        self.is_shown = True

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
        return UncheckedAttributes

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> "CatalogueComponent":
        """Make the component of one YAML; its folder's name is the catalogue's.

        One that cannot be used shows why, so that it takes nothing else out.

        Raises:
            CatalogueError: the definitions are being validated, and there is a mistake in the YAML.
        """
        file = _file_of(context)
        name = (file.parent if file else Path(context.path)).name
        same = namesakes(file, context) if file else None
        is_shown = same is None or not same.has_keys_of_another
        try:
            if file is not None and same is not None:
                same.check()
                render = context.resolution_context.resolve_value
                catalogue = read_catalogue(file, elsewhere=render)
            else:
                catalogue = catalogue_from_attributes(name, attributes.root if attributes else {})
            component = cls(with_base_url(catalogue, base_url_override(name)))
            component.is_shown = is_shown
            return component
        except CatalogPipelineError as error:
            if mistakes_are_fatal():
                raise
            given = attributes.root if file is None and attributes else {}
            prefix = key_prefix_of(file) if file is not None else key_prefix_in(given)
            return BrokenCatalogue(name, error, prefix, is_shown)

    def build_defs(self, context: Any = None) -> dg.Definitions:
        """Assets, checks, schedule and automation of the catalogue."""
        if not self.is_shown:
            # The same file by another path, of which Dagster takes each key once.
            return dg.Definitions()
        _warn_of_too_many_pages(self.catalogue)
        for caution in cautions_of(self.catalogue):
            warnings.warn(as_line(f"Catalogue {self.catalogue.name}, {caution}"), stacklevel=2)
        schedule = build_refresh_schedule(self.catalogue)
        return dg.Definitions(
            assets=[
                build_pages_asset(self.catalogue, CrawlContext(serve=served)),
                build_products_asset(self.catalogue),
                *build_export_assets(self.catalogue),
                *build_notices_assets(self.catalogue),
                *build_listings_asset(self.catalogue),
            ],
            asset_checks=build_table_checks(self.catalogue),
            schedules=[
                *([schedule] if schedule else []),
                build_retention_schedule(self.catalogue),
            ],
            sensors=[
                build_table_sensor(self.catalogue),
                *build_export_sensors(self.catalogue),
                *build_notices_sensors(self.catalogue),
            ],
        )


class BrokenCatalogue(CatalogueComponent):
    """A catalogue that cannot be used, and why; not shown if another one shows the same keys."""

    def __init__(
        self,
        name: str,
        error: CatalogPipelineError,
        key_prefix: tuple[str, ...],
        is_shown: bool = True,
    ) -> None:
        self.name = name
        self.error = error
        self.key_prefix = key_prefix
        self.is_shown = is_shown

    def build_defs(self, context: Any = None) -> dg.Definitions:
        """Assets that fail with the sentence."""
        if not self.is_shown:
            return dg.Definitions()
        return broken_definitions(self.name, self.error, self.key_prefix)


def _file_of(context: dg.ComponentLoadContext) -> Path | None:
    """The file that is being loaded; none if the attributes came from somewhere else."""
    source = context.resolution_context.source_position_tree
    path = Path(source.position.filename) if source is not None else None
    return path if path is not None and path.is_file() else None


def _warn_of_too_many_pages(catalogue: Catalogue) -> None:
    if catalogue.is_fixed and len(catalogue.pages) > RECOMMENDED_PARTITIONS:
        warnings.warn(
            as_line(
                f"Catalogue {catalogue.name} has {len(catalogue.pages):,} pages. Each is a "
                f"partition, and Dagster recommends at most {RECOMMENDED_PARTITIONS:,} of them for "
                f"an asset; the web UI becomes slow with more."
            ),
            stacklevel=2,
        )
