"""A table that is refused is not built again, by nobody, until something speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.names import pages_key, products_key
from catalog_pipeline.orchestration.runs import table_run
from catalog_pipeline.orchestration.runs.page_verdicts import ALL_KNOWN
from catalog_pipeline.orchestration.runs.refusals import standing_refusal, why_refused
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

DEMANDS: dict[str, Any] = {"rows": {"minimum": 1000}, "on_failure": "keep_old_table"}


@pytest.fixture
def refused(site: Site, instance: dg.DagsterInstance) -> Catalogue:
    """A catalogue with a table whose next one was refused."""
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1), None)
    assert build_table_here(instance, catalogue).error is None
    catalogue = site.write(last_page=2, checks=DEMANDS)
    crawl_here(instance, catalogue, keys(1, 2), None)
    assert "fewer than the 1,000" in str(build_table_here(instance, catalogue).error)
    return catalogue


def _stands(instance: dg.DagsterInstance, catalogue: Catalogue) -> bool:
    return standing_refusal(instance, catalogue) is not None


def test_a_refusal_says_why_as_long_as_nothing_is_new(
    site: Site, instance: dg.DagsterInstance, refused: Catalogue
) -> None:
    refusal = standing_refusal(instance, refused)
    assert refusal is not None
    assert "fewer than the 1,000" in why_refused(instance, refusal)
    assert _stands(instance, site.write(last_page=2, checks=DEMANDS, description="Another one"))


def _land(site: Site, instance: dg.DagsterInstance, catalogue: Catalogue) -> Catalogue:
    crawl_here(instance, catalogue, keys(2), None)
    return catalogue


def _edit(checks: dict[str, Any], **changes: Any) -> Callable[..., Catalogue]:
    def edit(site: Site, *_: Any) -> Catalogue:
        return site.write(last_page=2, checks=checks, **changes)

    return edit


def _lose_the_table(site: Site, instance: dg.DagsterInstance, catalogue: Catalogue) -> Catalogue:
    site.table_file.unlink()
    return catalogue


def _forget_the_past(site: Site, instance: dg.DagsterInstance, catalogue: Catalogue) -> Catalogue:
    instance.wipe_assets([products_key(catalogue)])
    return catalogue


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_land, id="a page landed"),
        pytest.param(_edit({**DEMANDS, "rows": {"minimum": 10}}), id="a check allows it"),
        pytest.param(_edit({**DEMANDS, "on_failure": "warn"}), id="checks only warn"),
        pytest.param(_edit(DEMANDS, coverage={"minimum": 0.5}), id="another coverage"),
        pytest.param(_edit(DEMANDS, duplicates={"at_most": "50%"}), id="more duplicates"),
        pytest.param(_edit(DEMANDS, mirrors=["https://shop.example"]), id="a mirror"),
        pytest.param(_edit(DEMANDS, history=True), id="a history"),
        pytest.param(_lose_the_table, id="the table it was held against is gone"),
        pytest.param(_forget_the_past, id="the builds it was held against are wiped"),
    ],
)
def test_what_may_let_it_pass_has_it_built_again(
    site: Site, instance: dg.DagsterInstance, refused: Catalogue, change: Callable[..., Catalogue]
) -> None:
    assert not _stands(instance, change(site, instance, refused))


def test_a_page_that_lands_while_a_build_is_refused_was_not_refused_by_it(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = site.write(last_page=2, checks=DEMANDS)
    crawl_here(instance, catalogue, keys(1), None)
    real = table_run.build_table

    def build_while_one_lands(*arguments: Any, **options: Any) -> object:
        crawl_here(instance, catalogue, keys(2), None)
        return real(*arguments, **options)

    monkeypatch.setattr(table_run, "build_table", build_while_one_lands)
    assert build_table_here(instance, catalogue).error is not None
    assert not _stands(instance, catalogue)


def test_pages_that_keep_a_table_out_are_new_when_others_fail(
    site: Site, instance: dg.DagsterInstance, run: Run
) -> None:
    site.shop.control(faults=["3=404"])
    checks = {"failed_pages": 0, "on_failure": "keep_old_table"}
    catalogue = site.write(last_page=3, checks=checks)
    assert run("run", NAME).code == 1
    assert _stands(instance, catalogue)
    # The same page fails in vain: nothing is built, and what is wrong is still said.
    told = run("run", NAME, "--json").json
    assert "1 page of 3 failed" in told["table_error"]
    assert "Nothing is new" in told["table_error"]
    site.shop.control(faults=["3=404", "1=404"])
    assert "2 pages of 3 failed" in run("run", NAME, "--refresh", "--json").json["table_error"]


def test_an_end_that_is_known_at_last_is_new_without_a_page(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = site.write(pages="open", checks=DEMANDS)
    site.shop.control(pages=2)
    crawl_here(instance, catalogue, [], None, finds=True)
    assert build_table_here(instance, catalogue).error is not None
    assert _stands(instance, catalogue)
    unknown = dg.AssetCheckEvaluation(
        check_name=ALL_KNOWN, passed=False, asset_key=pages_key(catalogue)
    )
    instance.report_runless_asset_event(unknown)
    assert not _stands(instance, catalogue)
