"""The step that builds the table, and what it tells the web UI about it."""

from collections.abc import Mapping
from dataclasses import replace

import dagster as dg

from catalog_pipeline.catalogue.length import ToldLength
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.origins import Origins, how_moved
from catalog_pipeline.catalogue.page_key import PageKey, in_order
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.lock import TABLE_LOCK, still_held
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.crawling.rereading import StoredPageReader
from catalog_pipeline.crawling.verdicts import goes_on, shows_less
from catalog_pipeline.errors import CatalogPipelineError, TableError
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.past_builds import read_past
from catalog_pipeline.orchestration.checkpoints.reader import latest_page_event, read_checkpoints
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.checkpoints.table_state import (
    BUILT_FROM_KEY,
    CHECKPOINTS_KEY,
    GOES_ON_KEY,
    MIRRORS_KEY,
    PAGES_KEY,
    VERSION_KEY,
    damage_of_last_table,
)
from catalog_pipeline.orchestration.checkpoints.unreadable import read_in_vain
from catalog_pipeline.orchestration.instance.host_leases import hold_catalogue
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, REFUSED_TAG, products_key
from catalog_pipeline.orchestration.runs.completeness import (
    Completeness,
    failure_reasons,
    measure,
    pages_complete,
)
from catalog_pipeline.orchestration.runs.declared_checks import declared_results, record_refusal
from catalog_pipeline.orchestration.runs.notice_marks import mark_refusal, notice_marks
from catalog_pipeline.orchestration.runs.outputs import Made
from catalog_pipeline.orchestration.runs.page_checks import pages_refused
from catalog_pipeline.orchestration.runs.past import past_metadata, past_results, why_not_all
from catalog_pipeline.orchestration.runs.privacy import for_the_owner_alone
from catalog_pipeline.orchestration.runs.refusals import state_of_input
from catalog_pipeline.orchestration.runs.row_ages import rows_fresh
from catalog_pipeline.orchestration.runs.standing_checks import let_stand
from catalog_pipeline.orchestration.runs.table_metadata import table_metadata
from catalog_pipeline.orchestration.runs.table_quality import check_rows
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import StoredPage
from catalog_pipeline.showing import as_description, as_line, as_lines
from catalog_pipeline.storing.stores import brought_shelf, page_store
from catalog_pipeline.tables.build import TableReport, build_table
from catalog_pipeline.tables.quality.past import Past
from catalog_pipeline.tables.report import LeftOutPage
from catalog_pipeline.wording import first_of

PAGES_INTACT = "stored_pages_are_intact"
LISTING_WHOLE = "listing_ends_with_the_last_page"


def build_products(context: dg.AssetExecutionContext, catalogue: Catalogue) -> list[Made]:
    """Build the table from every page that has a checkpoint, and what is kept of the past.

    Raises:
        dg.Failure: there is no page, too few for the catalogue's minimum coverage, or the table
            cannot be written; the old table stays.
    """
    places = catalogue_places(catalogue.name)
    instance = context.instance
    try:
        with (
            for_the_owner_alone(context, catalogue),
            hold_catalogue(
                instance, places.folder, context.run.run_id, lock_file=TABLE_LOCK
            ) as lease,
        ):
            # Before the build: what comes while it is on has not been refused by it.
            state = state_of_input(instance, catalogue)
            catalogue = with_known_pages(instance, catalogue)
            _tell_damage(context, catalogue)
            built_from = latest_page_event(instance, catalogue)
            earlier = read_past(instance, catalogue, built_from, format_pages(catalogue.pages))
            completeness, report, more = _build(instance, catalogue, earlier, lease)
            still_held(lease)
    except CatalogPipelineError as error:
        if isinstance(error, TableError):
            refused = {MAX_RETRIES_TAG: "0", REFUSED_TAG: state}
            instance.add_run_tags(context.run.run_id, refused)
            record_refusal(context, catalogue, error.verdicts)
            mark_refusal(context, catalogue, error.verdicts)
            told = [each.name for each in error.verdicts]
            let_stand(context, products_key(catalogue), told)
        raise dg.Failure(as_lines(str(error)), allow_retries=False) from error
    _tell_left_out(context, report, completeness.outside)
    reasons = failure_reasons(instance, catalogue) if completeness.failed else []
    past = report.history
    if past is not None:
        context.log.info(as_line(f"Changes of build {past.build}: {past.counts.told}."))
    table = Made(
        products_key(catalogue),
        metadata={
            **table_metadata(catalogue, report, completeness),
            **(past_metadata(past) if past else {}),
            **notice_marks(instance, catalogue, past),
            GOES_ON_KEY: more,
            "path": dg.MetadataValue.path(places.told(places.table)),
            BUILT_FROM_KEY: built_from,
            PAGES_KEY: format_pages(catalogue.pages),
            CHECKPOINTS_KEY: completeness.used,
            MIRRORS_KEY: " ".join(catalogue.same_site),
            VERSION_KEY: catalogue.table_version,
        },
        checks=[
            pages_complete(completeness, reasons),
            rows_fresh(catalogue, completeness.ages),
            _pages_intact(report),
            _listing_whole(more),
            *declared_results(catalogue, report.judgement.verdicts),
            *check_rows(catalogue, report, is_complete=completeness.done == completeness.total),
        ],
    )
    return [table, *(past_results(catalogue, past) if past else [])]


def _tell_damage(context: dg.AssetExecutionContext, catalogue: Catalogue) -> None:
    damage = damage_of_last_table(context.instance, catalogue)
    if damage is not None:
        context.log.warning(as_line(f"Building the table anew out of the stored pages: {damage}."))


def _tell_left_out(context: dg.AssetExecutionContext, report: TableReport, outside: str) -> None:
    if outside:
        context.log.warning(
            as_line(f"Not in the table: pages {outside}, outside of the catalogue.")
        )
    for reason in first_of(page.reason for page in report.left_out):
        context.log.warning(as_line(f"Not in the table: {reason}."))


def _build(
    instance: dg.DagsterInstance, catalogue: Catalogue, earlier: Past, lease: Lease | None
) -> tuple[Completeness, TableReport, str]:
    """How complete the pages are, what came of the build, and what the last page says of more."""
    places = catalogue_places(catalogue.name)
    # In this order: a page that is done has its checkpoint when checkpoints are read.
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    completeness = measure(catalogue, checkpoints, statuses)
    if refused := pages_refused(instance, catalogue, statuses):
        told = "; ".join(each.told for each in refused)
        error = TableError(
            f"{catalogue.name}: {told}. The table that is there stays, as checks.on_failure says; "
            f"crawl its pages again: catalog-pipeline run {catalogue.name}"
        )
        error.verdicts = refused
        raise error
    origins = Origins(catalogue)
    foreign = [
        _of_another_address(catalogue, page, place)
        for page in sorted(checkpoints)
        if (place := origins.elsewhere(checkpoints[page].record)) is not None
    ]
    if foreign and len(foreign) == len(checkpoints):
        raise TableError(
            f"{catalogue.name}: no page of its present address is done, so there is nothing to "
            f"build a table from; the table that is there stays. {foreign[0].reason}"
        )
    kept = checkpoints.keys() - {page.page for page in foreign}
    failed = statuses.failed.keys() & kept
    if failed:
        failed -= read_in_vain(instance, catalogue, failed)
    more = _going_on(catalogue, {page: checkpoints[page] for page in kept})
    with StoredPageReader(catalogue, places, lease) as reader:
        report = build_table(
            catalogue,
            [checkpoints[page] for page in sorted(kept)],
            page_store(places),
            places.table,
            read_again=reader.read,
            refetch=lambda page: read_checkpoints(instance, catalogue, [page]).get(page),
            most_merged=catalogue.duplicates.share,
            failed=failed,
            lacks=why_not_all(instance, catalogue, statuses, checkpoints, kept, more),
            earlier=earlier,
            may_replace=lambda: still_held(lease),
            shelf=brought_shelf(places),
        )
    unknown = [_of_another_event(page) for page in in_order(statuses.done - checkpoints.keys())]
    left_out = sorted([*report.left_out, *foreign, *unknown], key=lambda page: page.page)
    return completeness, replace(report, left_out=tuple(left_out)), more


def _going_on(catalogue: Catalogue, done: Mapping[PageKey, StoredPage]) -> str:
    """What pages of listings, of which it is said which page is the last one, show of more; ""
    if they show nothing."""
    store = page_store(catalogue_places(catalogue.name))
    sentences: list[str | None] = []
    for view in catalogue.by_listing():
        listing = view.all_listings[0]
        pages = [done[page] for page in view.pages if page in done]
        if not pages or not listing.says_its_end:
            continue
        if pages[-1].record.page == view.pages[-1]:
            sentences.append(goes_on(catalogue, pages[-1], store))
        if isinstance(listing.length, ToldLength) and len(pages) == len(view.pages):
            sentences.append(shows_less(listing.length, pages))
    return "; ".join(sentence for sentence in sentences if sentence)


def _of_another_address(catalogue: Catalogue, page: PageKey, place: str) -> LeftOutPage:
    reason = (
        f"page {page}: it was fetched from {place}, and its address is "
        f"{catalogue.page_address(page)} now; rows of two addresses do not go into one table "
        f"({how_moved(catalogue, {page: place})})"
    )
    return LeftOutPage(page, reason)


def _of_another_event(page: PageKey) -> LeftOutPage:
    reason = f"page {page}: what was recorded for it last names no stored page"
    return LeftOutPage(page, reason)


def _listing_whole(more: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=LISTING_WHOLE,
        passed=not more,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_description(more) if more else None,
    )


def _pages_intact(report: TableReport) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=PAGES_INTACT,
        passed=not report.left_out,
        severity=dg.AssetCheckSeverity.ERROR,
        description=as_description(report.left_out[0].reason) if report.left_out else None,
        metadata={
            "damaged": dg.MetadataValue.json([page.reason for page in report.left_out[:100]])
        },
    )
