"""The asset `[<catalogue>, product_pages]`: one partition per listing page.

Static partitions where the YAML says which pages there are, dynamic ones where crawls find them.
"""

from collections.abc import Iterator

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import pages_text
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.orchestration.column_schema import page_schema
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    crawl_pool,
    found_pages_name,
    pages_key,
    pages_step,
    qualified_name,
)
from catalog_pipeline.orchestration.runs.cancellation import cancelled_by_ctrl_c
from catalog_pipeline.orchestration.runs.crawl_run import crawl_pages
from catalog_pipeline.orchestration.runs.page_checks import (
    page_results,
    page_specs,
    pages_told,
    tell_companions,
)
from catalog_pipeline.orchestration.runs.run_config import CrawlConfig


def build_pages_asset(catalogue: Catalogue, crawl_context: CrawlContext) -> dg.AssetsDefinition:
    """The listing pages of a catalogue as checkpoints, crawled in that context."""
    spec = dg.AssetSpec(
        pages_key(catalogue),
        description=_description(catalogue),
        group_name=qualified_name(catalogue),
        owners=list(catalogue.owners),
        tags={CATALOGUE_TAG: catalogue.name, **catalogue.tags},
        kinds={"requests", "html"},
        code_version=catalogue.code_version,
        metadata={
            "listing": dg.MetadataValue.url(catalogue.first_address),
            "pages": pages_text(catalogue),
            "dagster/column_schema": page_schema(catalogue),
        },
        skippable=True,
    )

    @dg.multi_asset(
        name=pages_step(catalogue),
        specs=[spec],
        partitions_def=_partitions(catalogue),
        backfill_policy=_backfill_policy(catalogue),
        pool=crawl_pool(catalogue.name),
        check_specs=[*page_specs(catalogue)],
    )
    def product_pages(
        context: dg.AssetExecutionContext, config: CrawlConfig
    ) -> Iterator[dg.AssetCheckResult]:
        with pages_told(context, catalogue), cancelled_by_ctrl_c(context):
            crawl_pages(context, catalogue, config, crawl_context)
        # The crawl has recorded each page. An output, even None, would make Dagster record the
        # whole range once more, the failed pages included.
        results = page_results(context, catalogue)
        tell_companions(context, catalogue, results)
        yield from results

    return product_pages


def _partitions(catalogue: Catalogue) -> dg.PartitionsDefinition:
    if not catalogue.is_fixed:
        return dg.DynamicPartitionsDefinition(name=found_pages_name(catalogue))
    return dg.StaticPartitionsDefinition([str(page) for page in catalogue.pages])


def _backfill_policy(catalogue: Catalogue) -> dg.BackfillPolicy:
    if catalogue.pages_per_run is None:
        return dg.BackfillPolicy.single_run()
    return dg.BackfillPolicy.multi_run(max_partitions_per_run=catalogue.pages_per_run)


def _description(catalogue: Catalogue) -> str:
    finds = (
        " A run over all pages, or over the last one, looks for further pages; they are partitions "
        "as soon as they are found."
    )
    return (
        f"{catalogue.description}\n\nOne partition per listing page. A page is materialized when "
        f"it was downloaded, parsed, and its file is safely on disk; a failed page is red and is "
        f"rerun alone. Launch *Missing* to resume an interrupted crawl, *Failed* to try the "
        f"failed pages again.{finds if not catalogue.is_fixed else ''}"
    ).strip()
