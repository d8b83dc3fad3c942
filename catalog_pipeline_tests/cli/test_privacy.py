"""Behind a login, home, data, pages and table are for their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

OTHERS = 0o077


@pytest.fixture
def members(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The shop's pages for members, with the login that the bundled catalogue has."""
    monkeypatch.setenv("CATALOG_PIPELINE_MEMBER_USERNAME", "member")
    monkeypatch.setenv("CATALOG_PIPELINE_MEMBER_PASSWORD", "practice")
    site.write(like="sandbox_members")
    return site


def _seen_by_others(*folders: Path) -> list[str]:
    return [
        str(path)
        for folder in folders
        for path in (folder, *folder.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & OTHERS
    ]


def test_what_a_crawl_behind_a_login_writes_is_private_and_what_was_there_becomes_so(
    members: Site, run: Run, home: Path
) -> None:
    data = members.places.folder
    assert run("run", NAME).code == 0
    assert members.places.table.exists()
    assert _seen_by_others(home, data, data.parent) == []
    for path in (home, data, *home.rglob("*"), *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert run("run", NAME, "--refresh").code == 0
    assert _seen_by_others(home, data) == []


@pytest.mark.parametrize("key", ["headers", "cookies"])
def test_what_is_crawled_with_a_secret_header_or_cookie_is_private_too(
    site: Site, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SHOP_KEY", "a-key-of-the-shop")
    changes: dict[str, Any] = {key: {"X-Shop-Key": {"env": "SHOP_KEY"}}}
    site.write(last_page=2, **changes)
    assert run("run", NAME).code == 0
    assert _seen_by_others(home, site.places.folder) == []


def test_without_a_login_the_umask_alone_decides(site: Site, run: Run) -> None:
    before = os.umask(0o022)
    try:
        assert run("run", NAME).code == 0
        assert stat.S_IMODE(site.places.table.stat().st_mode) & 0o044 == 0o044
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
