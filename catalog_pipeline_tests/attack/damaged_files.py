"""Files of a finished crawl, harmed by somebody: mended with no more than has to be, or refused.

Each is harmed, then `run` is called once more; whole again are all rows, with few downloads.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from catalog_pipeline_tests.attack.attacks import Attack, hostile_server
from catalog_pipeline_tests.attack.projects import Project, project
from catalog_pipeline_tests.fetching.raw_server import Visit, page

PAGES = 9
Harm = Callable[[Path], object]
WhichFile = Callable[[Project], Path]


def _send_products(visit: Visit) -> None:
    if visit.path == "/robots.txt":
        visit.send(page(b"", status="404 Not Found"))
        return
    number = visit.path.rpartition("=")[2]
    items = "".join(f"<li><a>product {number}-{each}</a></li>" for each in range(10))
    visit.send(page(f"<html><body><ul>{items}</ul></body></html>".encode()))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _overwrite(path: Path) -> None:
    path.write_bytes(b"garbage " * 4096)


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _take_another_pages(path: Path) -> None:
    other = next(each for each in path.parent.glob("*-*") if each != path)
    path.write_bytes(other.read_bytes())


def _take_a_part_of_the_rows(path: Path) -> None:
    pd.read_parquet(path).iloc[:-1].to_parquet(path)


def _link(path: Path) -> None:
    if path.exists():
        path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def _fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    _make_folder(path)


def _make_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine.txt").write_text("mine")


def _table(crawled: Project) -> Path:
    return crawled.places.table


def _index(crawled: Project) -> Path:
    return crawled.home / "history" / "runs" / "index.db"


def _lock(crawled: Project) -> Path:
    return crawled.places.folder / "crawl.lock"


def page_files() -> str:
    """Each harm to the file of another page, all at once."""
    with _crawled() as crawled:
        for number, harm in enumerate(PAGE_HARMS, start=1):
            harm(next(crawled.places.pages.glob(f"{number}-*")))
        return _came_to(crawled)


def tables() -> str:
    return _one_after_the_other(_table, TABLE_HARMS)


def indexes() -> str:
    return _one_after_the_other(_index, INDEX_HARMS)


def locks() -> str:
    """A lock that is no file is not waited for, nor is what it leads to written to."""
    with _crawled() as crawled:
        path, told = _lock(crawled), []
        for harm in LOCK_HARMS:
            path.unlink()
            harm(path)
            told.append(_came_to(crawled))
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            path.touch()
        refused = [each for each in told if re.search(r"exit 1: .*crawl\.lock is a", each)]
        after = _came_to(crawled)
    if refused != told or path.with_name("elsewhere").exists():
        return f"not refused: {told}"
    return f"{len(refused)} refused, then {after}"


def _one_after_the_other(which: WhichFile, harms: Sequence[Harm]) -> str:
    """What the run after each harm came to: once, if it was the same after all of them."""
    with _crawled() as crawled:
        told = []
        for harm in harms:
            harm(which(crawled))
            told.append(f"{harm.__name__[1:]}: {_came_to(crawled)}")
    ends = {each.partition(": ")[2] for each in told}
    return f"{len(told)} times {ends.pop()}" if len(ends) == 1 else "; ".join(told)


@contextmanager
def _crawled() -> Iterator[Project]:
    """A project whose crawl is done and whose table is built."""
    with hostile_server(_send_products) as url, project(url, PAGES) as crawled:
        done = crawled.summary()
        if done["exit_code"] != 0 or done["rows"] != 10 * PAGES:
            raise AssertionError(f"the crawl before the harm failed: {done}")
        yield crawled


def _came_to(crawled: Project) -> str:
    then = crawled.summary()
    if then["exit_code"] != 0:
        return f"exit {then['exit_code']}: {then['error'] or then}"
    rows = len(pd.read_parquet(crawled.places.table))
    return f"exit 0, {rows} rows, {then['downloads']} downloads"


PAGE_HARMS = (_cut, _empty, _overwrite, _alter, _take_another_pages, _link, _fifo, _folder)
TABLE_HARMS = (_cut, _empty, _overwrite, _take_a_part_of_the_rows, _link, _fifo, _folder)
INDEX_HARMS = (_cut, _empty, _overwrite, _link, _fifo, _folder)
LOCK_HARMS = (_link, _fifo, _make_folder)

ATTACKS = (
    Attack("page files harmed", page_files, "^exit 0, 90 rows, 8 downloads$", 300, 120),
    Attack("tables harmed", tables, "^7 times exit 0, 90 rows, 0 downloads$", 300, 120),
    Attack("indexes harmed", indexes, "^6 times exit 0, 90 rows, 0 downloads$", 300, 120),
    Attack("locks harmed", locks, "^3 refused, then exit 0, 90 rows, 0 downloads$", 300, 120),
)
