"""`python -m benchmarks.builds`: where the build of a table spends its time, by processor seconds.

Pages of twenty products, stored twice: the second time as after a refresh in which one page of a
hundred has changed. The parts of a build are measured one after the other in one process, and held
against whole builds in it; each figure is the median of some rounds.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median

import yaml

from benchmarks.figures import Figure, publish
from benchmarks.history import never
from benchmarks.lines import job_folder
from benchmarks.ours import TEMPLATE
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import Columns, PageRecord, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.system import durable_files
from catalog_pipeline.tables.build import build_table
from catalog_pipeline.tables.duplicates import KeyLedger
from catalog_pipeline.tables.identity import identify
from catalog_pipeline.tables.json_columns import read_together
from catalog_pipeline.tables.parquet_writer import TableFile
from catalog_pipeline.tables.quality.facts import read_facts
from catalog_pipeline.tables.replace import replace_table
from catalog_pipeline.tables.row_batches import BatchConverter
from catalog_pipeline.tables.schema import table_columns
from catalog_pipeline.tables.stored_rows import PageRows

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
PER_PAGE = 20
BATCH_PAGES = 200
BODY = random.Random(7).randbytes(4_000) + b"<p>" * 5_000
WANTED_OF_A_FULL_BUILD = 0.3
_DIGESTS = "reading files for their digests alone"
_NEEDED = ("keys and doubles", "writing Parquet", "looking at it", "in its place")
Spent = dict[str, list[float]]


def catalogue(pages: int) -> Catalogue:
    """That of the benchmark's shop."""
    attributes = yaml.safe_load(TEMPLATE.read_text())["attributes"]
    return Catalogue.model_validate({**attributes, "name": "bench", "last_page": pages})


def stored(store: FolderStore, described: Catalogue, day: int) -> list[StoredPage]:
    """All pages as they are on a day; of a hundred of them one has changed since the day before."""
    pages = []
    for number in range(1, len(described.pages) + 1):
        changes = day if number % 100 == 0 else 0
        packed = page_file.rows_json(_columns(number, random.Random(number * 1_000 + changes)))
        record = PageRecord(
            page=PageKey(number), url=described.page_address(PageKey(number)), http_status=200,
            rows=PER_PAGE, body_bytes=len(BODY), fetch_seconds=0.1, attempts=1,
            fetched_at=START + timedelta(days=day, milliseconds=number), content_type="text/html",
            etag=None, last_modified=None, not_modified=False,
            data_version=page_file.data_version(packed), code_version=described.code_version,
        )  # fmt: skip
        pages.append(store.write(record, packed, BODY))
    return pages


def _columns(page: int, chance: random.Random) -> Columns:
    places = range(page * PER_PAGE, (page + 1) * PER_PAGE)
    return {
        "name": [f"Product {place} in {chance.choice(['red', 'blue'])}" for place in places],
        "price": [f"{chance.randrange(100, 99_999) / 100:.2f}" for _ in places],
        "price_currency": ["USD"] * PER_PAGE,
        "rating": [chance.randrange(50) / 10 for _ in places],
        "stock": [chance.randrange(100) for _ in places],
        "url": [f"http://127.0.0.1:8080/products/{place}" for place in places],
        "image": [f"http://127.0.0.1:8080/static/{place}.jpg" for place in places],
    }


def parts(
    described: Catalogue, store: FolderStore, pages: Sequence[StoredPage], table: Path, spent: Spent
) -> None:
    """Do what a build does part by part, and add to what each has `spent`."""
    with _timed(spent, _DIGESTS):
        for each in pages:
            path = store.folder / each.file_name
            page_file.file_digest(durable_files.read_plain(path, max_bytes=1 << 30))
    with _timed(spent, "reading files, with their digests and records"):
        files = [store.read(each.record.page, each.file_name, each.sha256) for each in pages]
    starts = range(0, len(files), BATCH_PAGES)
    columns = table_columns(described)
    with _timed(spent, "cells out of their JSON"):
        together = [read_together(columns, files[start : start + BATCH_PAGES]) for start in starts]
    converter = BatchConverter(described, lambda page: page)
    batches = []
    with _timed(spent, "types and provenance"):
        for start, read in zip(starts, together, strict=True):
            chosen = slice(start, start + BATCH_PAGES)
            rows = [
                PageRows(each, file, file.record.rows, None, read)
                for each, file in zip(pages[chosen], files[chosen], strict=True)
            ]
            batches.append(converter.convert(rows).table)
    with _timed(spent, "keys and doubles"):
        ledger = KeyLedger(described.key_columns)
        for batch in batches:
            ledger.add(batch)
        ledger.survivors(converter.schema)
    new = table.with_name("new.parquet")
    with _timed(spent, "writing Parquet"):
        file = TableFile(new, described, converter.schema)
        for batch in batches:
            file.append(batch)
        file.close()
    with _timed(spent, "looking at it"):
        read_facts(new, described, None)
    with _timed(spent, "in its place"):
        replace_table(new, table)
        identify(table)


@contextmanager
def _timed(spent: Spent, what: str) -> Iterator[None]:
    began = time.process_time()
    yield
    spent[what].append(time.process_time() - began)


def figures(spent: Spent, walls: Sequence[float]) -> list[Figure]:
    """What builds and their parts came to."""
    middle = {what: median(each) for what, each in spent.items()}
    full, refreshed = middle.pop("full"), middle.pop("refreshed")
    digests = middle.pop(_DIGESTS)
    least = digests + sum(middle[what] for what in _NEEDED)
    found = [
        Figure("seconds of a build", median(walls)),
        Figure("processor seconds of a build", full),
        *(Figure(f"of these: {what}", seconds) for what, seconds in middle.items()),
        Figure("of these: the rest", full - sum(middle.values())),
        Figure("processor seconds of a build after a refresh with 1 % of changed pages", refreshed),
        Figure("the same, as a part of a full build", refreshed / full, WANTED_OF_A_FULL_BUILD),
    ]
    told = "that checks each file, and makes no row anew, as a part of a full build"
    return [*found, Figure(f"the least that one could come to {told}", least / full)]


def main() -> None:
    """Store the pages, build some times, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.builds", description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    folder = job_folder()
    store, table = FolderStore(folder / "pages"), folder / "products.parquet"
    store.prepare()
    described = catalogue(asked.pages)
    days = [stored(store, described, day) for day in range(2)]
    # What is imported with the first build is no part of any.
    build_table(described, days[0], store, table, read_again=never)
    spent: Spent = defaultdict(list)
    walls = []
    for _ in range(asked.rounds):
        for what, pages in zip(("full", "refreshed"), days, strict=True):
            began = time.perf_counter()
            with _timed(spent, what):
                build_table(described, pages, store, table, read_again=never)
            walls.append(time.perf_counter() - began)
        parts(described, store, days[1], table, spent)
    publish("builds", figures(spent, walls))


if __name__ == "__main__":
    main()
