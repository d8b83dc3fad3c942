"""The code location as Dagster's server loads it, whatever the working directory."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.code_pointer import CodePointer
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetNode
from dagster._core.definitions.reconstruct import initialize_repository_def_from_pointer
from dagster._core.definitions.repository_definition import RepositoryDefinition

from catalog_pipeline.catalogue.finding import BUNDLED_FOLDER, find_catalogues
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.errors import CatalogPipelineError, CatalogueError
from catalog_pipeline.orchestration.definitions.location import build_location
from catalog_pipeline.places import catalogue_places
from catalog_pipeline_tests.site import Site

NAMES = ["books_toscrape", "catalog108", "sandbox", "sandbox_members", "sandbox_open"]


def _load() -> RepositoryDefinition:
    pointer = CodePointer.from_module("catalog_pipeline.definitions", "defs", None)
    return initialize_repository_def_from_pointer(pointer)


@pytest.fixture(scope="module")
def repository() -> RepositoryDefinition:
    os.environ.pop("CATALOG_PIPELINE_DEFS", None)
    return _load()


def test_each_catalogue_has_its_two_assets(repository: RepositoryDefinition):
    keys = {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()}
    assert keys == {f"{name}/{asset}" for name in NAMES for asset in ("product_pages", "products")}


def test_the_lineage_explains_itself(repository: RepositoryDefinition):
    graph = repository.asset_graph
    for name in NAMES:
        pages = graph.get(dg.AssetKey([name, "product_pages"]))
        table = graph.get(dg.AssetKey([name, "products"]))
        assert table.parent_keys == {pages.key}
        assert {pages.group_name, table.group_name} == {name}
        assert pages.kinds == {"requests", "html"}
        assert table.kinds == {"pandas", "parquet"}
        for node in (pages, table):
            assert node.owners == ["team:catalogues"]
            assert node.code_version
            assert node.description


def _partition_keys(pages: BaseAssetNode) -> Sequence[str]:
    assert pages.partitions_def is not None
    return pages.partitions_def.get_partition_keys()


def test_pages_are_partitions_with_plain_numbers_as_keys(repository: RepositoryDefinition):
    partitions = repository.asset_graph.get(dg.AssetKey(["sandbox", "product_pages"]))
    assert _partition_keys(partitions) == [str(page) for page in range(1, 51)]
    assert partitions.backfill_policy == dg.BackfillPolicy.single_run()


def test_only_the_sandbox_is_refreshed_by_itself(repository: RepositoryDefinition):
    running = {
        schedule.name: schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        for schedule in repository.schedule_defs
    }
    assert running == {f"{name}_refresh_schedule": name == "sandbox" for name in NAMES} | {
        f"{name}_retention_schedule": True for name in NAMES
    }


def test_every_table_has_its_automation_and_its_checks(repository: RepositoryDefinition):
    assert {sensor.name for sensor in repository.sensor_defs} == {
        f"{name}_table_sensor" for name in NAMES
    }
    checks = {
        (key.asset_key.to_user_string(), key.name)
        for key in repository.asset_graph.asset_check_keys
    }
    assert checks == {
        (f"{name}/products", check)
        for name in NAMES
        for check in (
            "column_schema_change",
            "columns_are_filled_as_before",
            "dagster_row_count_bounds_check",
            "listing_ends_with_the_last_page",
            "pages_are_complete",
            "product_keys_are_unique",
            "rows_are_fresh",
            "stored_pages_are_intact",
        )
    } | {
        (f"{name}/product_pages", check)
        for name in NAMES
        for check in ("pages_have_not_failed", "pages_have_products", "pages_repeat_no_other")
    } | {("sandbox_open/product_pages", "pages_are_all_known")}


def test_pages_per_run_makes_several_runs_of_a_backfill(site: Site):
    from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset

    asset = build_pages_asset(site.write(pages_per_run=5), CrawlContext())
    assert asset.backfill_policy == dg.BackfillPolicy.multi_run(max_partitions_per_run=5)


@pytest.mark.processes
def test_the_location_loads_from_any_working_directory(tmp_path: Path):
    script = (
        "from catalog_pipeline_tests.orchestration.test_definitions import _load\n"
        "print(len(list(_load().asset_graph.get_all_asset_keys())))"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, capture_output=True, check=True
    )
    assert ended.stdout.split() == [b"10"]


MISTAKES = pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"proudct": "article"}, r"Catalogue shop, proudct .* Allowed: description, preset"),
        ({"last_page": 0}, r"last_page \(0\) is less than first_page \(1\)"),
        ({"key": "sku"}, "key names 'sku', which is not declared; fields: product_id"),
        ({"product": "article["}, r"Catalogue shop, product.*"),
        ({"fields": {"name": {"select": "h2[", "required": True}}, "key": "name"},
         r"Catalogue shop, fields\.name"),
        ({"fields": {"name": {"select": "h2", "pattern": "("}}, "key": "name"},
         r"fields\.name\.pattern .* is no regular expression"),
        ({"schedule": {"cron": "61 * * * *"}}, r"Catalogue shop, schedule\.cron"),
        ({"owners": ["nobody"]}, r"Catalogue shop, owners"),
        ({"base_url": "{{ env.SHOP_IS_NOWHERE }}"}, "variable SHOP_IS_NOWHERE is not set"),
        ({"description": "{{ nobody_knows }}"}, "nobody_knows"),
        ({"description": "{{ 'a' * 10**10 }}"}, "has no place in a template"),
    ],
)  # fmt: skip


@MISTAKES
def test_a_mistake_in_any_yaml_is_an_error_when_the_definitions_are_validated(
    site: Site, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], sentence: str
):
    with suppress(CatalogueError):
        site.write(**changes)
    monkeypatch.setenv("DAGSTER_IS_DEFS_VALIDATION_CLI", "1")
    with pytest.raises(CatalogueError, match=sentence):
        _load()


@MISTAKES
def test_a_catalogue_with_a_mistake_is_shown_with_its_sentence_and_leaves_the_others_as_they_are(
    site: Site, instance: dg.DagsterInstance, changes: dict[str, Any], sentence: str
):
    with suppress(CatalogueError):
        site.write(**changes)
    location = _load()
    graph = location.asset_graph
    for asset in ("product_pages", "products"):
        node = graph.get(dg.AssetKey(["shop", asset]))
        assert re.search(sentence, node.description or "")
        assert (node.group_name, node.kinds) == ("shop", {"broken"})
    assert graph.get(dg.AssetKey(["sandbox", "product_pages"])).partitions_def is not None
    assert {sensor.name for sensor in location.sensor_defs} == {
        f"{name}_table_sensor" for name in NAMES
    }
    keys = [dg.AssetKey(["shop", "products"])]
    result = location.get_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=keys, raise_on_error=False
    )
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data
    assert told is not None
    assert re.search(sentence, told.description or "")


@pytest.mark.parametrize(
    ("written", "prefix"),
    [("eu", ["eu"]), (["eu", "shops"], ["eu", "shops"]), ("Not a slug!", []), ([7], []), ({}, [])],
)
def test_a_catalogue_with_a_mistake_keeps_the_prefix_of_its_keys(
    site: Site, written: object, prefix: list[str]
):
    with suppress(CatalogueError):
        site.write(key_prefix=written, last_page="many")
    graph = _load().asset_graph
    pages, products = (
        graph.get(dg.AssetKey([*prefix, "shop", asset])) for asset in ("product_pages", "products")
    )
    assert (products.kinds, products.parent_keys) == ({"broken"}, {pages.key})
    assert products.group_name == "__".join([*prefix, "shop"])
    assert dg.AssetKey(["sandbox", "products"]) in graph.get_all_asset_keys()


@pytest.mark.parametrize(
    "text", ["type: [", "", "- a list", "type: catalog_pipeline.Nothing\nattributes: {}", "\0"]
)
def test_a_file_that_is_no_component_leaves_the_others_as_they_are(
    site: Site, monkeypatch: pytest.MonkeyPatch, text: str
):
    (site.folder / "shop" / "defs.yaml").write_text(text)
    graph = _load().asset_graph
    assert "Catalogue shop" in str(graph.get(dg.AssetKey(["shop", "products"])).description)
    assert graph.has(dg.AssetKey(["sandbox", "products"]))
    monkeypatch.setenv("DAGSTER_IS_DEFS_VALIDATION_CLI", "1")
    with pytest.raises(CatalogueError, match="Catalogue shop"):
        _load()


def test_two_files_of_one_name_leave_the_others_as_they_are(site: Site):
    site.write(name="good")
    site.write(name="de/shop")
    graph = _load().asset_graph
    description = graph.get(dg.AssetKey(["shop", "products"])).description
    assert re.search(r"both .*/shop/defs.yaml and .*/shop/defs.yaml describe it", description or "")
    assert graph.get(dg.AssetKey(["good", "product_pages"])).partitions_def is not None


def test_all_mistakes_are_named_when_the_definitions_are_validated(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    for name in ("one", "two"):
        with suppress(CatalogueError):
            site.write(name=name, last_page=0)
    monkeypatch.setenv("DAGSTER_IS_DEFS_VALIDATION_CLI", "1")
    with pytest.raises(CatalogPipelineError, match=r"Catalogue one, .*\nCatalogue two, "):
        _load()


def test_what_every_file_of_dagster_may_hold_is_honoured(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHOP_URL", "https://shop.example/de")
    with suppress(CatalogueError):
        site.write(base_url="{{ env.SHOP_URL }}", last_page="{{ pages }}")
    file = site.folder / "shop" / "defs.yaml"
    (site.folder / "shop" / "variables.py").write_text(
        "import dagster as dg\n\n\n@dg.template_var\ndef pages() -> int:\n    return 3\n"
    )
    beside = {
        "template_vars_module": ".variables",
        "requirements": {"env": ["SHOP_URL"]},
        "post_processing": {
            "assets": [
                {
                    "target": "key:shop/products",
                    "attributes": {"tags": {"tier": "gold"}, "owners": ["team:{{ env.TEAM }}"]},
                }
            ]
        },
    }
    monkeypatch.setenv("TEAM", "shops")
    file.write_text(file.read_text() + yaml.safe_dump(beside))
    graph = _load().asset_graph
    pages, table = (
        graph.get(dg.AssetKey(["shop", name])) for name in ("product_pages", "products")
    )
    assert _partition_keys(pages) == ["1", "2", "3"]
    assert pages.metadata["listing"].value == "https://shop.example/de/products?page=1"
    assert table.tags["tier"] == "gold"
    assert "tier" not in pages.tags
    assert "team:shops" in table.owners


def test_an_asset_leads_to_its_yaml_and_the_table_to_its_file(repository: RepositoryDefinition):
    for asset in ("product_pages", "products"):
        metadata = repository.asset_graph.get(dg.AssetKey(["sandbox", asset])).metadata
        (reference,) = metadata["dagster/code_references"].code_references
        assert Path(reference.file_path) == BUNDLED_FOLDER / "sandbox" / "defs.yaml"
    assert metadata["dagster/uri"] == catalogue_places("sandbox").table.as_uri()


def test_a_catalogue_of_more_pages_than_dagster_recommends_loads_with_a_warning(site: Site):
    site.write(last_page=100_001)
    with pytest.warns(UserWarning, match=r"shop has 100,001 pages.*recommends at most 100,000"):
        graph = _load().asset_graph
    assert len(_partition_keys(graph.get(dg.AssetKey(["shop", "product_pages"])))) == 100_001


def test_a_catalogue_with_a_pattern_whose_time_can_explode_loads_with_a_warning(site: Site):
    site.write(fields={"name": {"select": "h2", "pattern": "(a+)+b"}}, key="name")
    with pytest.warns(UserWarning, match=r"shop, fields\.name\.pattern: '\(a\+\)\+b' has a loop"):
        _load()


def test_a_new_folder_is_a_new_catalogue_without_any_python(site: Site):
    graph = _load().asset_graph
    assert graph.has(dg.AssetKey(["shop", "product_pages"]))


def test_a_prefix_keeps_a_catalogue_apart_from_assets_of_the_same_keys(site: Site):
    """The project's own assets, steps, schedule and sensor are named as ours would be."""
    site.write(key_prefix="ours", schedule={"cron": "0 6 * * *"})
    key = dg.AssetKey(["shop", "product_pages"])

    @dg.asset(key=key, group_name="shop")
    def pages() -> None: ...

    @dg.asset(key=["shop", "products"], deps=[key])
    def table() -> None: ...

    @dg.schedule(name="shop_refresh_schedule", cron_schedule="@daily", target=[key])
    def schedule() -> dg.SkipReason:
        return dg.SkipReason("never")

    @dg.sensor(name="shop_table_sensor", target=[key])
    def sensor() -> dg.SkipReason:
        return dg.SkipReason("never")

    own = dg.Definitions(assets=[pages, table], schedules=[schedule], sensors=[sensor])
    location = build_location(find_catalogues())
    repository = dg.Definitions.merge(own, location).get_repository_def()
    graph = repository.asset_graph
    ours = graph.get(dg.AssetKey(["ours", "shop", "products"]))
    assert ours.parent_keys == {dg.AssetKey(["ours", "shop", "product_pages"])}
    assert ours.group_name == "ours__shop"
    assert graph.get(key).group_name == "shop"
    assert {"shop_refresh_schedule", "ours__shop_refresh_schedule"} <= {
        each.name for each in repository.schedule_defs
    }
    assert {"shop_table_sensor", "ours__shop_table_sensor"} <= {
        each.name for each in repository.sensor_defs
    }


def test_two_catalogues_whose_steps_would_be_of_one_name_take_nothing_else_out(site: Site):
    site.write(key_prefix="de")
    site.write(name="de__shop")
    graph = _load().asset_graph
    told = [
        node.description or ""
        for node in graph.asset_nodes
        if node.key.path[-2] in ("shop", "de__shop")
    ]
    assert sum("its step would be named de__shop__product" in text for text in told) == 2
    assert graph.get(dg.AssetKey(["sandbox", "product_pages"])).partitions_def is not None
