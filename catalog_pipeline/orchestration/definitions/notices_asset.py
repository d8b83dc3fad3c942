"""The asset `[<catalogue>, notices]`: who was told what, below the table or its changes.

A run of it sends what is due; what became of each notice is an observation of the asset.
"""

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    changes_key,
    notices_key,
    products_key,
    qualified_name,
)
from catalog_pipeline.orchestration.runs.notify_run import run_notices


def build_notices_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """The asset; none for a catalogue that tells nobody anything."""
    return [_asset(catalogue)] if catalogue.notify else []


def _asset(catalogue: Catalogue) -> dg.AssetsDefinition:
    @dg.asset(
        key=notices_key(catalogue),
        deps=[changes_key(catalogue) if catalogue.history else products_key(catalogue)],
        group_name=qualified_name(catalogue),
        owners=list(catalogue.owners),
        tags={CATALOGUE_TAG: catalogue.name, **catalogue.tags},
        description=(
            f"Notices of {catalogue.name}, sent after crawls and builds by the sensor "
            f"{qualified_name(catalogue)}_notices_sensor. Each try is an observation, with the "
            f"variable of its address."
        ),
    )
    def notices(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return run_notices(context, catalogue)

    return notices
