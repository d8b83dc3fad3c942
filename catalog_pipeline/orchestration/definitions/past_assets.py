"""The assets `[<catalogue>, history]` and `[<catalogue>, changes]`, where the YAML keeps the past.

They are made by the step of the table (`products_asset`), so that both count with it.
"""

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    changes_key,
    history_key,
    products_key,
    qualified_name,
)
from catalog_pipeline.places import catalogue_places


def past_specs(catalogue: Catalogue) -> list[dg.AssetSpec]:
    """Both assets; none for a catalogue that keeps no history."""
    if catalogue.history is None:
        return []
    places = catalogue_places(catalogue.name)
    tracked = ", ".join(catalogue.history.tracked(catalogue.fields, catalogue.key))
    return [
        _spec(
            catalogue,
            history_key(catalogue),
            places.uri(places.history),
            f"All periods in which a product of {catalogue.name} had the same values of {tracked}. "
            f"A product is gone when {catalogue.history.absent_after} complete crawls one after "
            f"the other have not found it.",
        ),
        _spec(
            catalogue,
            changes_key(catalogue),
            places.uri(places.changes),
            "What was new, gone, returned or changed, one row for each product or value, by build.",
        ),
    ]


def _spec(catalogue: Catalogue, key: dg.AssetKey, uri: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        deps=[products_key(catalogue)],
        group_name=qualified_name(catalogue),
        owners=list(catalogue.owners),
        tags={CATALOGUE_TAG: catalogue.name, **catalogue.tags},
        kinds={"pandas", "parquet"},
        code_version=catalogue.table_version,
        metadata={"dagster/uri": uri},
        description=description,
    )
