"""The asset `[<catalogue>, listings]` of a catalogue whose site names its listings.

It is recorded by the crawls of the pages, and cannot be materialized by itself.
"""

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import CATALOGUE_TAG, listings_key, qualified_name


def build_listings_asset(catalogue: Catalogue) -> list[dg.AssetSpec]:
    """What the listings of a catalogue are shown as; nothing where its YAML names them."""
    if not catalogue.is_discovered:
        return []
    spec = dg.AssetSpec(
        listings_key(catalogue),
        description=(
            f"The listings that {catalogue.first_address} names, with their addresses. Each crawl "
            f"over all pages asks for them at its start: pages of new ones become partitions of "
            f"`product_pages`, and those of listings that are gone leave them. While none is "
            f"known, the partition `discover` stands for all of them."
        ),
        group_name=qualified_name(catalogue),
        owners=list(catalogue.owners),
        tags={CATALOGUE_TAG: catalogue.name, **catalogue.tags},
        kinds={"requests", "html"},
    )
    return [spec]
