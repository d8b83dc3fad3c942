"""A Dagster home in a folder of any name, though Dagster makes URLs of paths by joining texts."""

from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import HOME_VARIABLE

pytestmark = pytest.mark.embedded("is about SQLite's files")

NAMES = [
    "feature%2Fnew",
    "[a-z]",
    "q?x",
    "?mode=memory",
    "%00",
    "a#b",
    "a b;c",
    "ünï",
    "new\nline",
    "a&b=%",
]


def _files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def _empty_job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def empty() -> None:
        nothing()

    return empty


@pytest.mark.parametrize("name", NAMES)
def test_a_home_in_a_folder_of_any_name_keeps_its_files_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    home = tmp_path / name / "dagster_home"
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    with open_instance() as instance:
        run_id = _empty_job().execute_in_process(instance=instance).run_id
    with open_instance() as instance:
        assert [each.run_id for each in instance.get_runs()] == [run_id]
        assert instance.get_run_stats(run_id).end_time is not None
        assert instance.all_instigator_state() == []
    assert {path.parts[0] for path in _files(tmp_path)} == {name}
    databases = {path.name for path in _files(home) if path.suffix == ".db"}
    assert {"runs.db", "schedules.db", f"{run_id}.db"} <= databases


@pytest.mark.parametrize("name", ["feature%2Fnew", "q?x"])
def test_where_dagsters_own_storages_would_open_another_file_they_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    home = tmp_path / name
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    with pytest.raises(StorageError, match="Dagster's own storages cannot use"), open_instance():
        pass
    assert _files(tmp_path) == {Path(name) / "dagster.yaml"}
