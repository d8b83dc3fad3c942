"""Exports as assets: written when they are due, told when they fail, and nothing else fails."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.commands.in_process import (
    LocalRun,
    build_table_here,
    crawl_here,
    export_here,
)
from catalog_pipeline.orchestration.definitions import export_sensor
from catalog_pipeline.orchestration.definitions.export_assets import (
    build_export_asset,
    build_export_assets,
)
from catalog_pipeline.orchestration.definitions.export_sensor import build_export_sensors
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life, sign_path
from catalog_pipeline.orchestration.names import EXPORTS_TAG, export_key
from catalog_pipeline.orchestration.runs.export_run import exports_due
from catalog_pipeline.orchestration.runs.export_targets import export_file
from catalog_pipeline.places import catalogue_places
from catalog_pipeline_tests.kept_files import Kept, kept
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.tables.exports.cases import write_cases
from catalog_pipeline_tests.tables.exports.readers import READERS

SUCCESS = dg.DagsterRunStatus.SUCCESS
FILES = [{"to": name} for name in READERS]
BROKEN = {"to": "csv", "name": "broken", "path": "/dev/null/out.csv"}


def _with_table(site: Site, exports: list[dict[str, str]], *values: str) -> Catalogue:
    catalogue = site.write(exports=exports)
    _write_table(site, *values or ("a", "b"))
    return catalogue


def _write_table(site: Site, *values: str) -> None:
    """A table in the place of the catalogue's, which no build has put there."""
    written = site.folder / "written.parquet"
    written.parent.mkdir(parents=True, exist_ok=True)
    write_cases(written, value=pa.array(values))
    if site.places.address is None:
        site.places.folder.mkdir(parents=True, exist_ok=True)
    kept(site.places, site.places.table).write_bytes(written.read_bytes())


def _kept_export(catalogue: Catalogue, place: int = 0) -> Kept:
    """The file of an export, where it is kept."""
    return kept(catalogue_places(catalogue.name), export_file(catalogue, catalogue.exports[place]))


def _export(instance: dg.DagsterInstance, catalogue: Catalogue, place: int = 0) -> LocalRun:
    return export_here(instance, catalogue, catalogue.exports[place])


def _due(instance: dg.DagsterInstance, catalogue: Catalogue) -> list[str]:
    return [export.asset_name for export in exports_due(instance, catalogue)]


def _look(instance: dg.DagsterInstance, catalogue: Catalogue) -> dg.RunRequest | str:
    (sensor,) = build_export_sensors(catalogue)
    with dg.build_sensor_context(instance) as context:
        found = sensor(context)
    if isinstance(found, dg.RunRequest):
        return found
    assert isinstance(found, dg.SkipReason)
    return str(found.skip_message)


def test_an_export_is_written_and_recorded(site: Site, instance: dg.DagsterInstance) -> None:
    catalogue = _with_table(site, FILES)
    assert len(_due(instance, catalogue)) == len(FILES)
    for place, export in enumerate(catalogue.exports):
        assert _export(instance, catalogue, place).status == SUCCESS
        event = instance.get_latest_materialization_event(export_key(catalogue, export))
        assert event is not None
        assert event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
        assert metadata["dagster/row_count"].value == 2
        assert metadata["path"].value == site.places.told(export_file(catalogue, export))
        assert _kept_export(catalogue, place).exists()
    assert _due(instance, catalogue) == []


def test_it_is_due_again_after_another_table_another_yaml_or_a_lost_file(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = _with_table(site, [{"to": "csv"}])
    _export(instance, catalogue)
    _with_table(site, [{"to": "csv"}], "c")
    assert _due(instance, catalogue) == ["export_csv"]
    _export(instance, catalogue)
    assert _due(instance, catalogue) == []
    _kept_export(catalogue).unlink()
    assert _due(instance, catalogue) == ["export_csv"]
    _export(instance, catalogue)
    catalogue = site.write(exports=[{"to": "csv", "safe": False}])
    assert _due(instance, catalogue) == ["export_csv"]


def test_a_file_that_holds_something_else_than_was_written_is_written_anew(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = _with_table(site, FILES)
    for place in range(len(FILES)):
        _export(instance, catalogue, place)
    assert _due(instance, catalogue) == []
    written = _kept_export(catalogue)
    before = written.read_bytes()
    written.write_bytes(before + b"3\n")
    assert _due(instance, catalogue) == [catalogue.exports[0].asset_name]
    _export(instance, catalogue)
    assert written.read_bytes() == before
    assert _due(instance, catalogue) == []


def test_what_another_wrote_to_the_same_length_is_written_anew_too(
    site: Site, instance: dg.DagsterInstance
) -> None:
    """As a machine does that stood still, with an export of an older table."""
    catalogue = _with_table(site, [{"to": "csv"}])
    _export(instance, catalogue)
    written = _kept_export(catalogue)
    before = written.read_bytes()
    written.write_bytes(before.replace(b"a", b"c"))
    assert _due(instance, catalogue) == ["export_csv"]
    _export(instance, catalogue)
    assert written.read_bytes() == before
    assert _due(instance, catalogue) == []


def test_an_export_to_the_place_of_another_catalogues_is_refused_and_stays_due(
    site: Site, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    exports = [{"to": "csv", "path": str(tmp_path / "out.csv")}]
    catalogue = _with_table(site, exports)
    assert _export(instance, catalogue).status == SUCCESS
    before = (tmp_path / "out.csv").read_bytes()
    site.write(name="other", exports=exports)
    _write_table(site, "c")
    run = _export(instance, catalogue)
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert run.error is not None
    assert "export_csv of the catalogue other both write" in run.error
    assert (tmp_path / "out.csv").read_bytes() == before
    assert _due(instance, catalogue) == ["export_csv"]
    site.write(name="other")
    assert _export(instance, catalogue).status == SUCCESS


def test_without_a_table_nothing_is_due_and_an_export_says_why(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = site.write(exports=[{"to": "csv"}])
    assert _due(instance, catalogue) == []
    run = _export(instance, catalogue)
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert run.error == (
        f"shop has no table at {site.places.told(site.places.table)}. To make it: "
        f"catalog-pipeline run shop"
    )


@pytest.mark.processes
def test_a_table_that_is_not_what_its_build_put_there_is_neither_due_nor_exported(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = site.write(last_page=1, exports=[{"to": "csv"}])
    crawl_here(instance, catalogue, catalogue.pages, None)
    build_table_here(instance, catalogue)
    assert _due(instance, catalogue) == ["export_csv"]
    table = kept(site.places, site.places.table)
    before = table.read_bytes()
    _write_table(site, "a")
    assert _due(instance, catalogue) == []
    run = _export(instance, catalogue)
    assert run.error is not None
    assert "its build wrote" in run.error
    assert not _kept_export(catalogue).exists()
    table.write_bytes(before)
    assert _due(instance, catalogue) == ["export_csv"]
    assert _export(instance, catalogue).status == SUCCESS


@pytest.mark.processes
def test_a_past_that_cannot_be_exported_is_told_by_an_export_that_fails(
    site: Site, instance: dg.DagsterInstance
) -> None:
    exports = [{"to": "csv"}, {"to": "csv", "what": "changes"}]
    catalogue = site.write(last_page=1, history=True, exports=exports)
    crawl_here(instance, catalogue, catalogue.pages, None)
    assert _due(instance, catalogue) == []
    build_table_here(instance, catalogue)
    for place in range(len(exports)):
        assert _export(instance, catalogue, place).status == SUCCESS
    assert _due(instance, catalogue) == []
    changes = kept(site.places, site.places.changes)
    before, exported = changes.read_bytes(), _kept_export(catalogue, 1).read_bytes()
    table = kept(site.places, site.places.table).read_bytes()
    history = kept(site.places, site.places.history).read_bytes()
    for harmed in (before[:-5], table, history, None):
        changes.unlink() if harmed is None else changes.write_bytes(harmed)
        assert _due(instance, catalogue) == ["export_csv_changes"]
        run = _export(instance, catalogue, 1)
        assert run.error is not None
        assert ("changes.parquet is gone" if harmed is None else "cannot be read") in run.error
        assert _kept_export(catalogue, 1).read_bytes() == exported
        changes.write_bytes(before)
        assert _due(instance, catalogue) == []


@pytest.mark.processes
def test_a_past_that_was_put_back_from_before_is_not_exported(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = site.write(last_page=2, history=True, exports=[{"to": "csv", "what": "changes"}])
    changes = kept(site.places, site.places.changes)
    found = []
    for pages in (catalogue.pages[:1], catalogue.pages):
        crawl_here(instance, catalogue, pages, None)
        build_table_here(instance, catalogue)
        found.append(changes.read_bytes())
    assert _export(instance, catalogue).status == SUCCESS
    changes.write_bytes(found[0])
    assert _due(instance, catalogue) == ["export_csv_changes"]
    run = _export(instance, catalogue)
    assert run.error is not None
    assert "is not what the last build left" in run.error
    assert run.error.endswith("Nothing was exported.")
    changes.write_bytes(found[1])
    assert _due(instance, catalogue) == []


def test_a_failed_export_is_told_keeps_what_was_there_and_is_not_retried_at_once(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = _with_table(site, [{"to": "xlsx"}])
    _export(instance, catalogue)
    target = _kept_export(catalogue)
    before = target.read_bytes()
    _with_table(site, [{"to": "xlsx"}], "x" * 40_000)
    run = _export(instance, catalogue)
    assert run.error is not None
    assert "row 1, column value: a text has 40,000 characters" in run.error
    assert target.read_bytes() == before
    assert _due(instance, catalogue) == ["export_xlsx"]


def test_no_secret_of_a_database_is_recorded(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH", "postgresql://shop:a-secret-word@127.0.0.1:1/shop")
    catalogue = _with_table(site, [{"to": "postgres", "url_env": "DWH"}])
    run = _export(instance, catalogue)
    assert run.error is not None
    assert run.error.startswith("PostgreSQL (DWH): ")
    told = "".join(str(each) for each in instance.all_logs(run.run_id))
    assert "DWH" in told
    assert "a-secret-word" not in told
    for path in Path(instance.root_directory).rglob("*"):
        assert not path.is_file() or b"a-secret-word" not in path.read_bytes()


def test_the_sensor_asks_for_what_is_due_once(site: Site, instance: dg.DagsterInstance) -> None:
    assert build_export_sensors(site.catalogue) == []
    catalogue = _with_table(site, [{"to": "csv"}, {"to": "jsonl"}])
    first, again = _look(instance, catalogue), _look(instance, catalogue)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key
    assert first.asset_selection == [export_key(catalogue, each) for each in catalogue.exports]
    _export(instance, catalogue, 0)
    later = _look(instance, catalogue)
    assert isinstance(later, dg.RunRequest)
    assert later.asset_selection == [export_key(catalogue, catalogue.exports[1])]
    assert later.run_key != first.run_key
    _export(instance, catalogue, 1)
    assert _look(instance, catalogue) == "All exports hold what there is."


def test_the_sensor_waits_while_an_export_is_being_written(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = _with_table(site, [{"to": "csv"}])
    key = export_key(catalogue, catalogue.exports[0])
    assets = [build_export_asset(catalogue, catalogue.exports[0])]
    run = instance.create_run_for_job(
        dg.Definitions(assets=assets).resolve_implicit_global_asset_job_def(),
        status=dg.DagsterRunStatus.STARTED,
        tags={EXPORTS_TAG: site.name},
        asset_selection=frozenset([key]),
    )
    with hold_sign_of_life(Path(instance.root_directory), run.run_id):
        assert _look(instance, catalogue) == "They are being written."
    sign_path(Path(instance.root_directory), run.run_id).write_text("{}")
    assert isinstance(_look(instance, catalogue), dg.RunRequest)


def test_the_sensor_leaves_a_failed_export_alone_for_a_while_and_no_other(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = _with_table(site, [BROKEN, {"to": "csv"}])
    assert _export(instance, catalogue, 0).status == dg.DagsterRunStatus.FAILURE
    request = _look(instance, catalogue)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == [export_key(catalogue, catalogue.exports[1])]
    _export(instance, catalogue, 1)
    assert _look(instance, catalogue) == "The last export failed; trying again later."
    monkeypatch.setattr(export_sensor, "SECONDS_AFTER_A_FAILURE", 0.0)
    request = _look(instance, catalogue)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == [export_key(catalogue, catalogue.exports[0])]


def test_an_export_that_was_written_by_a_run_in_which_another_failed_does_not_wait(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = _with_table(site, [BROKEN, {"to": "csv"}])
    keys = [export_key(catalogue, export) for export in catalogue.exports]
    assets = build_export_assets(catalogue)
    job = dg.Definitions(assets=assets, executor=dg.in_process_executor)
    ended = job.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, tags={EXPORTS_TAG: site.name}, asset_selection=keys, raise_on_error=False
    )
    assert not ended.success
    assert _look(instance, catalogue) == "The last export failed; trying again later."
    catalogue = _with_table(site, [BROKEN, {"to": "csv"}], "c")
    request = _look(instance, catalogue)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == keys[1:]


@pytest.mark.embedded("is about who may read a file")
def test_what_is_behind_a_secret_is_exported_for_its_owner_alone(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = site.write(exports=FILES, headers={"X-Key": {"env": "SHOP_KEY"}})
    _write_table(site, "a")
    for place, export in enumerate(catalogue.exports):
        assert _export(instance, catalogue, place).status == SUCCESS
        assert os.stat(export_file(catalogue, export)).st_mode & 0o077 == 0
