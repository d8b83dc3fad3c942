"""Settings of a home are completed, and nothing that is there is touched."""

from pathlib import Path

import dagster as dg
import pytest
import yaml

from catalog_pipeline.errors import UsageError
from catalog_pipeline.home_settings import complete_settings, read_settings
from catalog_pipeline.orchestration.instance.postgres.address import storage_settings
from catalog_pipeline.places import TEMPLATE
from catalog_pipeline_tests.postgres_server import SETTINGS

STORAGES = ["event_log_storage", "run_storage", "schedule_storage"]


def test_a_new_home_gets_all_settings(tmp_path: Path):
    complete_settings(tmp_path / "home")
    written = yaml.safe_load((tmp_path / "home" / "dagster.yaml").read_text())
    assert written == yaml.safe_load(TEMPLATE.read_text())


def test_what_is_there_stays_with_its_comments(tmp_path: Path):
    path = tmp_path / "dagster.yaml"
    text = "# mine\nrun_launcher:  # my own\n  module: a\n  class: B\nnux: {enabled: true}"
    path.write_text(text)
    before = complete_settings(tmp_path)
    assert list(before.lacking) == [*STORAGES, "run_monitoring"]
    assert path.read_text().startswith(text)
    after = yaml.safe_load(path.read_text())
    assert after.keys() == {"run_launcher", "nux", *STORAGES, "run_monitoring"}
    assert after["run_launcher"] == {"module": "a", "class": "B"}


def test_settings_that_other_runs_would_feel_are_not_added(tmp_path: Path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    complete_settings(tmp_path)
    after = yaml.safe_load((tmp_path / "dagster.yaml").read_text())
    assert not after.keys() & {"run_retries", "concurrency", "run_queue", "nux"}


def test_one_storage_for_all_is_left_alone(tmp_path: Path):
    (tmp_path / "dagster.yaml").write_text("storage: {postgres: {postgres_url: x}}\n")
    assert read_settings(tmp_path).storage == "postgres"
    complete_settings(tmp_path)
    assert not yaml.safe_load((tmp_path / "dagster.yaml").read_text()).keys() & set(STORAGES)


def test_completing_twice_changes_nothing(tmp_path: Path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    complete_settings(tmp_path)
    text = (tmp_path / "dagster.yaml").read_text()
    assert not complete_settings(tmp_path).lacking
    assert (tmp_path / "dagster.yaml").read_text() == text


def test_dagster_opens_a_home_that_was_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    complete_settings(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        assert type(instance.event_log_storage).__name__ == "BatchedSqliteEventLogStorage"


@pytest.mark.parametrize("text", ["a: [", "- a", "text"])
def test_a_file_that_holds_no_settings_is_an_error_and_stays(tmp_path: Path, text: str):
    (tmp_path / "dagster.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"dagster\.yaml"):
        complete_settings(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == text


def test_the_settings_for_postgresql_differ_in_the_storages_alone(tmp_path: Path):
    (tmp_path / "dagster.yaml").write_text(SETTINGS.read_text())
    read = read_settings(tmp_path)
    assert read.lacking == {}, "no section is added to them"
    assert read.storage == "PostgresStorage"
    ours = yaml.safe_load(TEMPLATE.read_text())
    assert {key: read.sections[key] for key in read.sections if key != "storage"} == {
        key: ours[key] for key in ours if key not in STORAGES
    }
    assert storage_settings(read.sections) is not None
