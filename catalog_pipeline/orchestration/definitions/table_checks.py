"""Checks of the table by Dagster's own builders: how many rows it has, whether its columns changed.

The checks that the build itself answers are beside the asset, in `products_asset`.
"""

import warnings
from collections.abc import Sequence

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import products_key

ROW_COUNT = "dagster/row_count"


def build_table_checks(catalogue: Catalogue) -> Sequence[dg.AssetChecksDefinition]:
    """The checks that look at what the latest build has recorded."""
    key = products_key(catalogue)
    coverage = catalogue.coverage
    with warnings.catch_warnings():
        # Dagster may still change these builders; the range of its versions is narrow.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return [
            *dg.build_metadata_bounds_checks(
                assets=[key],
                metadata_key=ROW_COUNT,
                min_value=coverage.minimum_rows,
                max_value=coverage.maximum_rows,
            ),
            *dg.build_column_schema_change_checks(assets=[key]),
        ]
