"""Files for their owner alone: new ones by the umask, old ones mended, a stricter umask kept."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_pipeline.system.private_files import private_files, withdraw

pytestmark = pytest.mark.processes


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o022, 0o177, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_new_files_are_the_owners_alone_and_a_stricter_umask_stays(
    tmp_path: Path, umask: int
) -> None:
    with private_files():
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
        subprocess.run(["/bin/sh", "-c", f"umask > {tmp_path / 'file'}.of-a-child"], check=True)
    assert _mode(tmp_path / "file") == 0o666 & ~(umask | 0o077)
    assert _mode(tmp_path / "folder") == 0o777 & ~(umask | 0o077)
    told = (tmp_path / "file.of-a-child").read_text()
    assert int(told, 8) == umask | 0o077
    assert os.umask(umask) == umask


def test_what_is_there_is_mended_and_links_are_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.touch(mode=0o644)
    (folder / "pages").mkdir(parents=True, mode=0o755)
    (folder / "pages" / "1").touch(mode=0o644)
    (folder / "pages" / "link").symlink_to(outside)
    (folder / "strict").touch(mode=0o400)
    folder.chmod(0o755)
    assert withdraw(folder) is None
    assert [_mode(path) for path in (folder, folder / "pages")] == [0o700, 0o700]
    assert _mode(folder / "pages" / "1") == 0o600
    assert _mode(folder / "strict") == 0o400
    assert _mode(outside) & 0o044
    assert withdraw(tmp_path / "nowhere") is None
