"""Dagster's home on a disk without room: a sentence, nothing half made, mended by room."""

from pathlib import Path

import pytest

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import HOME_VARIABLE, SETTINGS_NAME, TEMPLATE
from catalog_pipeline_tests.storing.disks import fill, small_disk


@pytest.mark.processes
@pytest.mark.parametrize("room_kilobytes", [0, 4, 100, 300])
def test_a_disk_without_room_for_the_home_is_a_sentence_and_mended_by_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_kilobytes: int
):
    with small_disk(tmp_path / "disk", 8_000) as disk:
        home = disk / "home"
        home.mkdir()
        monkeypatch.setenv(HOME_VARIABLE, str(home))
        ballast = fill(disk, room_kilobytes)
        for _ in range(2):
            sentence = rf"Cannot (make|use) Dagster.* {home}: "
            with pytest.raises(StorageError, match=sentence), open_instance():
                pass
            settings = home / SETTINGS_NAME
            assert not settings.exists() or settings.read_bytes() == TEMPLATE.read_bytes()
        ballast.unlink()
        with open_instance() as instance:
            assert instance.get_run_records() == []
