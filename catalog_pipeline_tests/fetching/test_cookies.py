"""The cookie file: private, whole or not at all, and no crawl breaks over a damaged one."""

import logging
import os
import stat
import time
from http.cookiejar import Cookie
from pathlib import Path

import pytest
from requests.cookies import RequestsCookieJar, create_cookie

from catalog_pipeline.errors import StorageError
from catalog_pipeline.fetching.cookies import CookieFile

SECRET = "s3cret-session-key"


@pytest.fixture
def cookie_file(tmp_path: Path) -> CookieFile:
    return CookieFile(tmp_path / "shop" / "cookies.json")


def jar_with(**changes: object) -> RequestsCookieJar:
    jar = RequestsCookieJar()
    options = {"domain": "shop.example", "path": "/members", "rest": {}} | changes
    jar.set_cookie(create_cookie("session", SECRET, **options))
    return jar


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"secure": True},
        {"expires": 4_000_000_000, "discard": False},
        {"rest": {"HttpOnly": ""}},
        {"domain": ".shop.example"},
        {"port": "8108"},
    ],
    ids=["plain", "secure", "expires", "http only", "subdomains", "port"],
)
def test_cookies_come_back_as_they_were(
    cookie_file: CookieFile, changes: dict[str, object]
) -> None:
    jar = jar_with(**changes)
    cookie_file.save(jar)
    (before,), (after,) = list(jar), list(cookie_file.load())
    assert vars(after) | {"_rest": None} == vars(before) | {"_rest": None}
    assert isinstance(after, Cookie)
    assert after.has_nonstandard_attr("HttpOnly") == ("rest" in changes)


def test_no_file_means_no_cookies(cookie_file: CookieFile) -> None:
    assert len(cookie_file.load()) == 0


def test_expired_cookies_are_left_out(cookie_file: CookieFile) -> None:
    cookie_file.save(jar_with(expires=int(time.time()) - 1, discard=False))
    assert len(cookie_file.load()) == 0


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_the_file(cookie_file: CookieFile, mask: int) -> None:
    previous = os.umask(mask)
    try:
        cookie_file.save(jar_with())
        cookie_file.save(jar_with())
    finally:
        os.umask(previous)
    assert stat.S_IMODE(cookie_file.path.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_private_after_the_next_save(
    cookie_file: CookieFile,
) -> None:
    cookie_file.save(jar_with())
    cookie_file.path.chmod(0o644)
    cookie_file.save(jar_with())
    assert stat.S_IMODE(cookie_file.path.stat().st_mode) == 0o600


def test_nothing_but_the_file_itself_is_left_behind(cookie_file: CookieFile) -> None:
    for _ in range(3):
        cookie_file.save(jar_with())
    assert [path.name for path in cookie_file.path.parent.iterdir()] == ["cookies.json"]


def damaged_files(whole: bytes) -> list[bytes]:
    return [
        b"",
        whole[: len(whole) // 2],
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"format": 1}',
        b'{"format": 1, "cookies": 5}',
        b'{"format": 1, "cookies": [{}]}',
        b"[" * 100_000,
        whole.replace(b'"format": 1', b'"format": 2'),
        whole.replace(b'"version": 0', b'"version": "0"'),
        whole.replace(f'"{SECRET}"'.encode(), b"[1]"),
    ]


@pytest.mark.parametrize("case", range(12))
def test_a_damaged_file_is_warned_of_and_not_used(
    cookie_file: CookieFile, caplog: pytest.LogCaptureFixture, case: int
) -> None:
    cookie_file.save(jar_with())
    whole = cookie_file.path.read_bytes()
    damaged = damaged_files(whole)[case]
    assert damaged != whole
    cookie_file.path.write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        assert len(cookie_file.load()) == 0
    assert str(cookie_file.path) in caplog.text
    assert SECRET not in caplog.text
    cookie_file.save(jar_with())
    assert len(cookie_file.load()) == 1


@pytest.mark.parametrize("thing", ["a pipe", "a link", "longer than can be read"])
def test_what_is_no_cookie_file_is_warned_of_and_neither_followed_nor_waited_for(
    cookie_file: CookieFile, caplog: pytest.LogCaptureFixture, thing: str
) -> None:
    cookie_file.save(jar_with())
    if thing == "a pipe":
        cookie_file.path.unlink()
        os.mkfifo(cookie_file.path)
    elif thing == "a link":
        cookie_file.path.symlink_to(cookie_file.path.rename(cookie_file.path.with_name("there")))
    else:
        os.truncate(cookie_file.path, 1 << 40)
    with caplog.at_level(logging.WARNING):
        assert len(cookie_file.load()) == 0
    assert str(cookie_file.path) in caplog.text
    cookie_file.save(jar_with())
    assert len(cookie_file.load()) == 1


def test_a_file_that_cannot_be_written_is_an_error_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cookies cannot be stored") as caught:
        CookieFile(tmp_path / "shop" / "cookies.json").save(jar_with())
    assert SECRET not in str(caught.value)


def test_a_failed_save_leaves_no_half_written_file_behind(cookie_file: CookieFile) -> None:
    cookie_file.path.mkdir(parents=True)
    with pytest.raises(StorageError):
        cookie_file.save(jar_with())
    assert list(cookie_file.path.parent.iterdir()) == [cookie_file.path]


def test_no_value_is_in_the_repr(cookie_file: CookieFile) -> None:
    cookie_file.save(jar_with())
    assert SECRET not in repr(cookie_file)


def test_cookies_of_another_account_are_not_used_and_no_account_can_be_read(tmp_path: Path):
    path = tmp_path / "cookies.json"
    CookieFile(path, "https://shop.example/login anna").save(jar_with())
    assert len(CookieFile(path, "https://shop.example/login anna").load()) == 1
    assert len(CookieFile(path, "https://shop.example/login bert").load()) == 0
    assert len(CookieFile(path).load()) == 1
    assert "anna" not in path.read_text()


def test_cookies_of_which_nothing_says_whose_they_are_cost_a_login(tmp_path: Path):
    path = tmp_path / "cookies.json"
    CookieFile(path).save(jar_with())
    assert len(CookieFile(path, "anna").load()) == 0
    path.write_text(path.read_text().replace('"of": null', '"of": 5'))
    assert len(CookieFile(path, "anna").load()) == 0
