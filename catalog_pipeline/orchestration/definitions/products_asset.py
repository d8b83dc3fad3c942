"""The asset `[<catalogue>, products]`: the Parquet table of all products of all done pages."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.definitions.freshness import freshness_policy
from catalog_pipeline.orchestration.definitions.past_assets import past_specs
from catalog_pipeline.orchestration.instance.provenance import Provenance
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    pages_key,
    products_key,
    qualified_name,
    table_step,
)
from catalog_pipeline.orchestration.runs.completeness import PAGES_COMPLETE
from catalog_pipeline.orchestration.runs.declared_checks import declared_specs
from catalog_pipeline.orchestration.runs.outputs import deliver
from catalog_pipeline.orchestration.runs.row_ages import ROWS_FRESH
from catalog_pipeline.orchestration.runs.table_quality import (
    ROWS_AS_TOLD,
    VALUES_READABLE,
    quality_checks,
)
from catalog_pipeline.orchestration.runs.table_run import (
    LISTING_WHOLE,
    PAGES_INTACT,
    build_products,
)
from catalog_pipeline.places import catalogue_places


def _of_rows(catalogue: Catalogue) -> list[dg.AssetCheckSpec]:
    """Checks of what the YAML lets be left out, and of what it says that the site tells."""
    descriptions = {
        VALUES_READABLE: "Every text of a field could be read, none was left out.",
        ROWS_AS_TOLD: "The table has as many products as the site itself says.",
    }
    return [
        dg.AssetCheckSpec(name, asset=products_key(catalogue), description=descriptions[name])
        for name in quality_checks(catalogue)
    ]


def build_products_asset(catalogue: Catalogue) -> dg.AssetsDefinition:
    """The table of a catalogue, with checks of how complete and how sound it is.

    What is kept of the past is made in the same step, whichever of them a run is asked for.
    """

    @dg.multi_asset(
        name=table_step(catalogue),
        specs=[_table(catalogue), *past_specs(catalogue)],
        check_specs=_checks(catalogue),
        can_subset=catalogue.history is not None,
    )
    def products(context: dg.AssetExecutionContext) -> Iterator[Any]:
        provenance = Provenance(context, [pages_key(catalogue)])
        yield from deliver(context, provenance, build_products(context, catalogue))

    return products


def _table(catalogue: Catalogue) -> dg.AssetSpec:
    places = catalogue_places(catalogue.name)
    return dg.AssetSpec(
        products_key(catalogue),
        deps=[pages_key(catalogue)],
        group_name=qualified_name(catalogue),
        owners=list(catalogue.owners),
        tags={CATALOGUE_TAG: catalogue.name, **catalogue.tags},
        kinds={"pandas", "parquet"},
        code_version=catalogue.table_version,
        freshness_policy=freshness_policy(catalogue),
        metadata={"dagster/uri": places.uri(places.table)},
        description=(
            f"All products of {catalogue.name}, one row each, sorted by page and position. "
            f"Unique by {', '.join(catalogue.key)}: a product that moved to another page during "
            f"the crawl is kept as it was fetched last. Rebuilt by the sensor "
            f"{qualified_name(catalogue)}_table_sensor when pages have landed and no crawl is on."
        ),
    )


def _checks(catalogue: Catalogue) -> list[dg.AssetCheckSpec]:
    key = products_key(catalogue)
    return [
        dg.AssetCheckSpec(PAGES_COMPLETE, asset=key, description="Every listing page is done."),
        dg.AssetCheckSpec(
            ROWS_FRESH,
            asset=key,
            description="No page's rows are older than the YAML lets them be.",
        ),
        dg.AssetCheckSpec(
            PAGES_INTACT,
            asset=key,
            description="Every page that is done is in the table, none had to be left out.",
        ),
        dg.AssetCheckSpec(
            LISTING_WHOLE,
            asset=key,
            description="The last page has no link to a page after it.",
        ),
        *declared_specs(catalogue),
        *_of_rows(catalogue),
    ]
