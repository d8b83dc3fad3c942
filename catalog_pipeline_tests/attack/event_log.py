"""Crawls made to fill the event log: pages that fail, each with as much text as it can."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from catalog_pipeline_tests.attack.attacks import Attack, hostile_server
from catalog_pipeline_tests.attack.projects import project
from catalog_pipeline_tests.fetching.raw_server import Script, Visit, page

PAGES = 400
FEW_PAGES = 10
"""What a crawl costs however many pages fail is left out by the difference of two."""
MAX_BYTES = 4096
_FILLER = "x" * 7000


def _fail(visit: Visit) -> None:
    visit.send(page(b"", status="404 Not Found"))


def _fail_at_length(visit: Visit) -> None:
    """Each page leads to a long address, which then is not there."""
    if visit.path == "/robots.txt" or _FILLER in visit.path:
        visit.send(page(b"", status="404 Not Found"))
    else:
        number = visit.path.rpartition("=")[2]
        visit.send(page(b"", f"Location: /{_FILLER}?page={number}", status="302 Found"))


def bytes_of_a_failed_page() -> str:
    return _compared(_fail)


def bytes_of_a_page_failed_at_length() -> str:
    return _compared(_fail_at_length)


def _compared(script: Script) -> str:
    """What the databases grow by a page that fails."""
    each = (_database_bytes(script, PAGES) - _database_bytes(script, FEW_PAGES)) // (
        PAGES - FEW_PAGES
    )
    verdict = "at most" if 0 < each <= MAX_BYTES else "not within"
    return f"{each} bytes a page, {verdict} {MAX_BYTES}"


def _database_bytes(script: Script, pages: int) -> int:
    with hostile_server(script) as url, project(url, pages) as crawled:
        code, told = crawled.run()
        if code != 1 or f'"failed": {pages}' not in told:
            raise AssertionError(f"exit {code}: {told}"[:400])
        return _bytes_below(crawled.home)


def _bytes_below(home: Path) -> int:
    files = [path for path in home.rglob("*.db") if path.is_file()]
    for path in files:
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(path.stat().st_size for path in files)


ATTACKS = (
    Attack(
        f"{PAGES} pages that fail",
        bytes_of_a_failed_page,
        r"^[1-9][0-9]* bytes a page, at most",
        500,
        180,
    ),
    Attack(
        f"{PAGES} pages that fail at length",
        bytes_of_a_page_failed_at_length,
        r"^[1-9][0-9]* bytes a page, at most",
        500,
        180,
    ),
)
