"""The peers' lines: how each is started and where its rows are. The crawlers are in `peers/`."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from benchmarks.lines import Job, Line
from benchmarks.measure import Command
from benchmarks.peers_environment import program
from benchmarks.shop import Product, read_product

PEERS = Path(__file__).parent / "peers"
DATABASE = "products.db"
STOCK_DAGSTER_PAGES = 20


def _scrapy(job: Job, **more: str) -> Command:
    settings = more | {
        "JOBDIR": "jobdir",
        "ROBOTSTXT_OBEY": True,
        "LOG_LEVEL": "INFO",
        "CONCURRENT_REQUESTS": job.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": job.concurrency,
    }
    arguments = [program("scrapy"), "runspider", str(PEERS / "scrapy_peer.py"), "-o", "rows.jsonl"]
    arguments += ["-a", f"base_url={job.base_url}", "-a", f"pages={job.pages}"]
    for name, value in settings.items():
        arguments += ["-s", f"{name}={value}"]
    return Command(arguments)


def _scrapy_sqlite(job: Job) -> Command:
    queue = "scrapy.squeues.PickleFifoSQLiteQueue"
    return _scrapy(job, SCHEDULER_DISK_QUEUE=queue, SCHEDULER_START_DISK_QUEUE=queue)


def _scrapy_rows(job: Job) -> Iterator[Product]:
    with (job.folder / "rows.jsonl").open() as lines:
        for line in lines:
            yield read_product(job.base_url, json.loads(line))


def _crawlee(job: Job, *storage: str) -> Command:
    script = str(PEERS / "crawlee_peer.py")
    asked = [job.base_url, str(job.pages), str(job.concurrency), "."]
    return Command([program("python"), script, *asked, *storage])


def _crawlee_sql(job: Job) -> Command:
    return _crawlee(job, "sql")


def _dbos(job: Job) -> Command:
    script = str(PEERS / "dbos_peer.py")
    return Command([program("python"), script, job.base_url, str(job.pages), str(job.folder)])


def _json_rows(job: Job) -> Iterator[Product]:
    for row in json.loads((job.folder / "rows.json").read_text()):
        yield read_product(job.base_url, row)


def _floor(job: Job) -> Command:
    host = job.base_url.removeprefix("http://")
    script = str(PEERS / "floor.py")
    asked = [host, str(job.pages), str(job.concurrency), str(job.folder)]
    return Command([program("python"), script, *asked])


def _floor_rows(job: Job) -> Iterator[Product]:
    for path in sorted(job.folder.glob("rows-*.jsonl")):
        with path.open() as lines:
            for line in lines:
                yield read_product(job.base_url, json.loads(line))


def _loop(name: str, title: str, durable: str, *options: str) -> Line:
    def set_up(job: Job) -> Command:
        script = str(PEERS / "tutorial_loop.py")
        target = [job.base_url, str(job.pages), DATABASE]
        return Command([program("python"), script, *target, *options])

    return Line(name, f"tutorial loop, SQLite, {title}", set_up, _loop_rows, durable)


def _loop_rows(job: Job) -> Iterator[Product]:
    connection = sqlite3.connect(job.folder / DATABASE)
    connection.row_factory = sqlite3.Row
    for row in connection.execute("SELECT * FROM products"):
        yield read_product(job.base_url, dict(row))
    connection.close()


def _stock_dagster(job: Job) -> Command:
    home = job.folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    asset = f"-f {PEERS / 'stock_dagster.py'} --select product_page"
    each = f"{program('dagster')} asset materialize {asset} --partition $page"
    return Command(
        ["bash", "-c", f"for page in $(seq {job.pages}); do {each} || exit; done"],
        {
            "DAGSTER_HOME": str(home),
            "BENCH_BASE_URL": job.base_url,
            "BENCH_PAGES": str(job.pages),
        },
    )


def _stock_dagster_rows(job: Job) -> Iterator[Product]:
    for path in (job.folder / "home" / "storage" / "product_page").iterdir():
        for row in pickle.loads(path.read_bytes()):
            yield read_product(job.base_url, row)


FLOOR = Line(
    "floor",
    "physical floor: sockets, lxml, a file",
    _floor,
    _floor_rows,
    "rows, for 200 pages at a time",
)
SCRAPY = Line(
    "scrapy",
    "Scrapy, JOBDIR",
    _scrapy,
    _scrapy_rows,
    "nothing: queue and feed are left to the system",
)
_OF_A_LOOP = "rows and queue, in one transaction"

PEER_LINES = (
    SCRAPY,
    Line(
        "scrapy-sqlite",
        "Scrapy, JOBDIR, SQLite queues",
        _scrapy_sqlite,
        _scrapy_rows,
        "its place in the queue, at push and pop; rows not",
    ),
    Line(
        "crawlee",
        "Crawlee, Parsel, file storage",
        _crawlee,
        _json_rows,
        "nothing: a file per request and row is left to the system",
    ),
    Line(
        "crawlee-sql",
        "Crawlee, Parsel, SQL storage (SQLite)",
        _crawlee_sql,
        _json_rows,
        "nothing: rows and queue in a log that is synced as it is checkpointed",
    ),
    Line("dbos", "DBOS, SQLite, a step per page", _dbos, _json_rows, "rows, as a step's output"),
    _loop("loop", "default journal", _OF_A_LOOP),
    _loop("loop-wal", "WAL", _OF_A_LOOP, "--wal"),
    _loop("loop-wal-8", "WAL, 8 processes", _OF_A_LOOP, "--wal", "--processes", "8"),
    FLOOR,
    Line(
        "dagster",
        "stock Dagster, a run per page",
        _stock_dagster,
        _stock_dagster_rows,
        "events; rows not",
        only_pages=STOCK_DAGSTER_PAGES,
    ),
)
