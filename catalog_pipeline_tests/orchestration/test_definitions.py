"""The code location as Dagster's server loads it, whatever the working directory."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.code_pointer import CodePointer
from dagster._core.definitions.reconstruct import initialize_repository_def_from_pointer
from dagster._core.definitions.repository_definition import RepositoryDefinition

from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.site import Site

NAMES = ["books_toscrape", "catalog108", "sandbox", "sandbox_members"]


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


def test_pages_are_partitions_with_plain_numbers_as_keys(repository: RepositoryDefinition):
    partitions = repository.asset_graph.get(dg.AssetKey(["sandbox", "product_pages"]))
    keys = partitions.partitions_def.get_partition_keys()
    assert keys == [str(page) for page in range(1, 51)]
    assert partitions.backfill_policy == dg.BackfillPolicy.single_run()


def test_only_the_sandbox_is_refreshed_by_itself(repository: RepositoryDefinition):
    running = {
        schedule.name: schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        for schedule in repository.schedule_defs
    }
    assert running == {f"{name}_refresh_schedule": name == "sandbox" for name in NAMES}


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
        for check in ("pages_are_complete", "stored_pages_are_intact")
    }


def test_pages_per_run_makes_several_runs_of_a_backfill(site: Site):
    from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset

    asset = build_pages_asset(site.write(pages_per_run=5))
    assert asset.backfill_policy == dg.BackfillPolicy.multi_run(max_partitions_per_run=5)


def test_the_location_loads_from_any_working_directory(tmp_path: Path):
    script = (
        "from catalog_pipeline_tests.orchestration.test_definitions import _load\n"
        "print(len(list(_load().asset_graph.get_all_asset_keys())))"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, capture_output=True, check=True
    )
    assert ended.stdout.split() == [b"8"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"proudct": "article"}, r"Catalogue shop, proudct .* Allowed: description, base_url"),
        ({"last_page": 0}, r"last_page \(0\) is less than first_page \(1\)"),
        ({"key": "sku"}, "key names 'sku', which is not declared; fields: product_id"),
        ({"product": "article["}, r"Catalogue shop, product.*"),
        ({"fields": {"name": {"select": "h2[", "required": True}}, "key": "name"},
         r"Catalogue shop, fields\.name"),
        ({"fields": {"name": {"select": "h2", "pattern": "("}}, "key": "name"},
         r"fields\.name\.pattern .* is no regular expression"),
        ({"schedule": {"cron": "61 * * * *"}}, r"Catalogue shop, schedule\.cron"),
    ],
)  # fmt: skip
def test_a_mistake_in_any_yaml_is_reported_when_the_location_is_loaded(
    site: Site, changes: dict[str, object], sentence: str
):
    with suppress(CatalogueError):
        site.write(**changes)
    with pytest.raises(CatalogueError, match=sentence):
        _load()


def test_a_new_folder_is_a_new_catalogue_without_any_python(site: Site):
    graph = _load().asset_graph
    assert graph.has(dg.AssetKey(["shop", "product_pages"]))
