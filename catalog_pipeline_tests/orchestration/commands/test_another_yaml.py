"""Pages that another YAML parsed: parsed again without a download, by whatever run comes next."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timezone

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.checkpoints.table_state import why_outdated
from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.orchestration.names import CODE_VERSION_TAG, pages_key
from catalog_pipeline.records import StoredPage
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.written_site import WrittenSite, listing, written_site

pytestmark = pytest.mark.processes

SKU_ALONE: dict[str, object] = {}
WITH_TEXT = {"text": {"select": "i"}}
WITH_COUNT = {"text": {"select": "i", "type": "integer"}}


@pytest.fixture
def pages() -> Iterator[WrittenSite]:
    """A site of four pages with two products each."""
    with written_site() as site:
        site.write({page: listing(page, "1", "2") for page in range(1, 5)})
        yield site


def ask(
    instance: dg.DagsterInstance,
    site: Site,
    catalogue: Catalogue,
    *,
    pages: "tuple[PageKey, ...] | None" = None,
    cutoff: "datetime | None" = None,
) -> CrawlResult:
    """What `catalog-pipeline run` does."""
    request = CrawlRequest(catalogue, pages or tuple(catalogue.pages), cutoff)
    with catalogue_lock(site.places.folder, "a test") as lease:
        return crawl_and_build(instance, request, Spectator(), CrawlContext(lease=lease))


def texts(site: Site) -> "dict[int, list[object]]":
    """The column `text` of the table, page by page."""
    table = pd.read_parquet(site.places.table)
    found: dict[int, list[object]] = defaultdict(list)
    for page, text in zip(table["page"], table["text"], strict=True):
        found[int(page)].append(text)
    return found


def test_a_new_column_is_filled_by_the_next_run_without_a_download(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    ask(instance, site, pages.describe(site, SKU_ALONE))
    catalogue = pages.describe(site, WITH_TEXT)
    asked = pages.asked.total()
    assert read_standing(instance, catalogue).to_parse == set(keys(1, 2, 3, 4))
    result = ask(instance, site, catalogue)
    assert (result.is_good, result.downloads, result.parsed_again) == (True, 0, 4)
    assert pages.asked.total() == asked
    assert texts(site) == {page: ["1", "2"] for page in range(1, 5)}
    assert read_standing(instance, catalogue).to_parse == set()
    again = ask(instance, site, catalogue)
    assert (again.run_id, again.parsed_again) == (None, 0)


def test_a_run_of_the_web_ui_over_missing_pages_takes_the_others_along(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    ask(instance, site, pages.describe(site, SKU_ALONE), pages=tuple(keys(1, 2)))
    catalogue = pages.describe(site, WITH_TEXT)
    pages.asked.clear()
    run = execute(instance, catalogue, create_run(instance, catalogue, 3, 4))
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert sorted(pages.asked) == ["/products?page=3", "/products?page=4"]
    stored = read_checkpoints(instance, catalogue, catalogue.pages)
    assert {each.record.code_version for each in stored.values()} == {catalogue.code_version}
    assert read_statuses(instance, catalogue, catalogue.pages).done == set(catalogue.pages)


def test_a_tick_asks_for_a_run_where_pages_need_nothing_but_to_be_parsed(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    tick = datetime.now(timezone.utc)
    ask(instance, site, pages.describe(site, SKU_ALONE))
    catalogue = pages.describe(site, WITH_TEXT)
    pages.asked.clear()
    standing = read_standing(instance, catalogue, tick)
    assert (standing.due, standing.to_parse) == ([], set(catalogue.pages))
    run = crawl_here(instance, catalogue, standing.due, tick)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert read_standing(instance, catalogue, tick).to_parse == set()
    assert not pages.asked


def test_a_refresh_downloads_and_parses_nothing_twice(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    ask(instance, site, pages.describe(site, SKU_ALONE))
    catalogue = pages.describe(site, WITH_TEXT)
    pages.asked.clear()
    result = ask(instance, site, catalogue, cutoff=datetime.now(timezone.utc))
    assert (result.downloads, result.parsed_again, pages.asked.total()) == (4, 0, 4)


def test_a_page_that_cannot_be_parsed_any_more_fails_and_keeps_its_rows(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    pages.write({3: "<ul><li><b>3-1</b></li></ul>"})
    before = pages.describe(site, SKU_ALONE)
    ask(instance, site, before)
    text = {"text": {"select": "i", "required": True}}
    catalogue = pages.describe(site, text)
    pages.asked.clear()
    result = ask(instance, site, catalogue)
    assert (result.done, result.failed, result.downloads, result.parsed_again) == (3, 1, 0, 3)
    assert "page 3 " in result.failures[0].message
    assert not pages.asked
    assert len(texts(site)[3]) == 1

    # What was in vain once is not tried again: the site may have another page by now.
    pages.write({3: listing(3, "9")})
    mended = ask(instance, site, catalogue)
    assert (mended.is_good, mended.downloads, mended.parsed_again) == (True, 1, 0)
    assert texts(site)[3] == ["9"]


@pytest.mark.parametrize("fields", [SKU_ALONE, WITH_TEXT], ids=["as it was", "mended"])
def test_a_yaml_that_is_mended_needs_no_download_either(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance, fields: dict[str, object]
):
    pages.write({3: listing(3, "many")})
    ask(instance, site, pages.describe(site, SKU_ALONE))
    ask(instance, site, pages.describe(site, {"count": {"select": "i", "type": "integer"}}))
    catalogue = pages.describe(site, fields)
    pages.asked.clear()
    assert read_statuses(instance, catalogue, catalogue.pages).failed.keys() == {PageKey(3)}
    result = ask(instance, site, catalogue)
    assert (result.is_good, result.downloads) == (True, 0)
    assert not pages.asked


def test_a_yaml_that_reads_no_page_fails_them_all_and_a_download_helps(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    """As after the site's redesign: what is stored is of the old one."""
    ask(instance, site, pages.describe(site, SKU_ALONE))
    redesigned = {"sku": {"select": "s"}}
    catalogue = pages.describe(site, redesigned, politeness={"stop_window": 2})
    result = ask(instance, site, catalogue)
    assert (result.failed, result.crawl_error, result.downloads) == (4, None, 0)
    assert result.rows == 8
    pages.write({page: f"<li><s>{page}</s></li>" for page in range(1, 5)})
    after = ask(instance, site, catalogue)
    assert (after.is_good, after.downloads, after.rows) == (True, 4, 4)


def test_a_run_that_breaks_midway_leaves_the_pages_done_and_the_next_one_goes_on_without_a_download(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    class BreaksAtTheFirst(Observer):
        def page_stored(self, stored: StoredPage) -> None:
            raise RuntimeError(stored.file_name)

    ask(instance, site, pages.describe(site, SKU_ALONE))
    catalogue = pages.describe(site, WITH_TEXT)
    pages.asked.clear()
    context = CrawlContext(observer=BreaksAtTheFirst())
    run = crawl_here(instance, catalogue, (), None, crawl_context=context)
    assert run.status == dg.DagsterRunStatus.FAILURE
    standing = read_standing(instance, catalogue)
    assert standing.statuses.done == set(catalogue.pages)
    assert standing.to_parse
    assert ask(instance, site, catalogue).is_good
    assert not pages.asked


def test_a_damaged_page_is_downloaded_and_the_others_are_parsed(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    ask(instance, site, pages.describe(site, SKU_ALONE))
    catalogue = pages.describe(site, WITH_TEXT)
    site.page_file(2).write_bytes(b"torn")
    pages.asked.clear()
    result = ask(instance, site, catalogue)
    assert (result.is_good, result.downloads, result.parsed_again) == (True, 1, 3)
    assert list(pages.asked) == ["/products?page=2"]


def test_only_the_chosen_pages_are_parsed_again(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    ask(instance, site, pages.describe(site, SKU_ALONE))
    catalogue = pages.describe(site, WITH_TEXT)
    result = ask(instance, site, catalogue, pages=tuple(keys(2, 4)))
    assert (result.parsed_again, result.outdated_pages) == (2, 2)
    assert read_standing(instance, catalogue).to_parse == set(keys(1, 3))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"key": "sku"}, {"key": ["sku", "text"]}),
        ({"product": "li"}, {"product": "ul > li"}),
        ({"fields": {"text": {"select": "i"}}}, {"fields": WITH_COUNT}),
        (
            {"fields": {"text": {"select": "i"}}},
            {"fields": {"text": {"select": "i", "values": {"1": "one", "2": "two"}}}},
        ),
        ({"fields": {"text": {"select": "i"}, "a": {"select": "b"}}}, {"fields": {
            "a": {"select": "b"}, "text": {"select": "i"}}}),
    ],
    ids=["key", "product", "type", "value map", "order of the columns"],
)  # fmt: skip
def test_the_table_is_rebuilt_for_another_yaml(
    site: Site,
    pages: WrittenSite,
    instance: dg.DagsterInstance,
    before: dict[str, object],
    after: dict[str, object],
):
    def described(changes: dict[str, object]) -> Catalogue:
        fields = changes.get("fields", WITH_TEXT)
        assert isinstance(fields, dict)
        others = {name: value for name, value in changes.items() if name != "fields"}
        return pages.describe(site, fields, **others)

    first = ask(instance, site, described(before))
    assert why_outdated(instance, described(before)) is None
    was = site.places.table.read_bytes()
    catalogue = described(after)
    assert why_outdated(instance, catalogue) is not None
    assert ask(instance, site, catalogue).downloads == 0
    assert site.places.table.read_bytes() != was
    assert first.rows == len(pd.read_parquet(site.places.table))


def test_dagster_says_of_each_page_that_its_code_has_changed(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    catalogue = pages.describe(site, SKU_ALONE)
    ask(instance, site, catalogue)
    (record,) = instance.fetch_materializations(
        dg.AssetRecordsFilter(pages_key(catalogue), asset_partitions=["1"]), limit=1
    ).records
    materialization = record.asset_materialization
    assert materialization is not None
    assert materialization.tags is not None
    assert materialization.tags[CODE_VERSION_TAG] == catalogue.code_version
    assert pages.describe(site, WITH_TEXT).code_version != catalogue.code_version
