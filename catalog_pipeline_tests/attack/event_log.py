"""Crawls made to fill the event log: pages that fail, each with as much text as it can."""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import tempfile
from pathlib import Path

import yaml

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.cli.main import run_command
from catalog_pipeline.places import HOME_VARIABLE
from catalog_pipeline_tests.attack.attacks import Attack, hostile_server
from catalog_pipeline_tests.fetching.raw_server import Visit, page

PAGES = 500
MAX_BYTES_A_PAGE = 16_384
_FILLER = "x" * 7000


def _fail_at_length(visit: Visit) -> None:
    """Each page leads to a long address, which then is not there."""
    if visit.path == "/robots.txt" or _FILLER in visit.path:
        visit.send(page(b"", status="404 Not Found"))
    else:
        number = visit.path.rpartition("=")[2]
        visit.send(page(b"", f"Location: /{_FILLER}?page={number}", status="302 Found"))


def bytes_of_a_failed_page() -> str:
    """What the databases grow by a page that fails."""
    with tempfile.TemporaryDirectory() as folder, hostile_server(_fail_at_length) as url:
        home = Path(folder) / "home"
        _write_catalogue(Path(folder) / "catalogues", url)
        os.environ |= {
            HOME_VARIABLE: str(home),
            EXTRA_FOLDER_VARIABLE: str(Path(folder) / "catalogues"),
        }
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            code = run_command(["run", "hostile", "--json"])
        each = _database_bytes(home) // PAGES
    if code != 1:
        return f"exit {code}: {told.getvalue()}"
    verdict = "at most" if each <= MAX_BYTES_A_PAGE else "more than"
    return f"{each} bytes a page, {verdict} {MAX_BYTES_A_PAGE}"


def _write_catalogue(folder: Path, url: str) -> None:
    attributes = {
        "base_url": url,
        "page_url": "/p?page={page}",
        "last_page": PAGES,
        "product": "li",
        "fields": {"title": {"select": "a"}},
        "key": "title",
        "politeness": {
            "requests_per_second": None,
            "concurrency": 8,
            "stop_window": PAGES + 1,
        },
    }
    path = folder / "hostile" / "defs.yaml"
    path.parent.mkdir(parents=True)
    kind = "catalog_pipeline.CatalogueComponent"
    path.write_text(yaml.safe_dump({"type": kind, "attributes": attributes}))


def _database_bytes(home: Path) -> int:
    files = [path for path in home.rglob("*.db") if path.is_file()]
    for path in files:
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(path.stat().st_size for path in files)


ATTACKS = (
    Attack(
        f"{PAGES} pages that fail at length",
        bytes_of_a_failed_page,
        r"^[1-9][0-9]* bytes a page, at most",
        500,
        180,
    ),
)
