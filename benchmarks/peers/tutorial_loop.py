"""The crawl as tutorials write it: a queue of pages in SQLite, requests, lxml, a commit per page.

`tutorial_loop.py BASE_URL PAGES DATABASE [--wal] [--processes N]`; a second run goes on where the
first one stopped.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sqlite3
from urllib.parse import urljoin

import lxml.html
import requests

SCHEMA = """
CREATE TABLE IF NOT EXISTS queue (page INTEGER PRIMARY KEY, status TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS queue_by_status ON queue (status);
CREATE TABLE IF NOT EXISTS products (
    page INTEGER, name TEXT, price REAL, rating REAL, stock INTEGER, url TEXT, image TEXT
);
"""
CLAIM = """
UPDATE queue SET status = 'taken'
WHERE page = (SELECT page FROM queue WHERE status = 'pending' LIMIT 1) RETURNING page
"""


def connect(database: str, wal: bool) -> sqlite3.Connection:
    """A connection that begins and commits only where the code says so."""
    connection = sqlite3.connect(database, timeout=60, isolation_level=None)
    if wal:
        connection.execute("PRAGMA journal_mode=WAL")
    return connection


def fill_queue(connection: sqlite3.Connection, pages: int) -> None:
    """Queue all pages; those that an earlier run was killed over are pending again."""
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT OR IGNORE INTO queue VALUES (?, 'pending')", ((n,) for n in range(1, pages + 1))
    )
    connection.execute("UPDATE queue SET status = 'pending' WHERE status = 'taken'")
    connection.execute("COMMIT")


def parse(page: int, url: str, body: bytes) -> list[tuple[object, ...]]:
    """The rows of one page."""
    rows: list[tuple[object, ...]] = []
    for card in lxml.html.fromstring(body).xpath("//article[contains(@class, 'product-card')]"):
        link = card.xpath(".//h3/a")[0]
        price = card.xpath(".//p[@class='price']/text()")[0]
        rating = card.xpath(".//p[@class='rating']/text()")[0]
        stock = card.xpath(".//p[@class='stock']/text()")[0]
        image = card.xpath(".//img/@src")[0]
        rows.append(
            (
                page,
                link.text,
                float(price.lstrip("$")),
                float(rating),
                int(stock.split()[0]),
                urljoin(url, link.get("href")),
                urljoin(url, image),
            )
        )
    return rows


def work(base_url: str, database: str, wal: bool) -> None:
    """Take pages from the queue until none is pending."""
    connection = connect(database, wal)
    session = requests.Session()
    while claimed := connection.execute(CLAIM).fetchall():
        page = claimed[0][0]
        answer = session.get(f"{base_url}/products?page={page}", timeout=30)
        answer.raise_for_status()
        rows = parse(page, answer.url, answer.content)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("UPDATE queue SET status = 'done' WHERE page = ?", (page,))
        connection.execute("COMMIT")


def work_alone(base_url: str, database: str, wal: bool) -> None:
    """The same by the only worker, which needs no claims: one commit a page."""
    connection = connect(database, wal)
    session = requests.Session()
    pending = connection.execute("SELECT page FROM queue WHERE status = 'pending'").fetchall()
    for (page,) in pending:
        answer = session.get(f"{base_url}/products?page={page}", timeout=30)
        answer.raise_for_status()
        rows = parse(page, answer.url, answer.content)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("UPDATE queue SET status = 'done' WHERE page = ?", (page,))
        connection.execute("COMMIT")


def main() -> None:
    """Crawl with one process or several."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("pages", type=int)
    parser.add_argument("database")
    parser.add_argument("--wal", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    connection = connect(options.database, options.wal)
    fill_queue(connection, options.pages)
    connection.close()
    if options.processes == 1:
        work_alone(options.base_url, options.database, options.wal)
        return
    workers = [
        multiprocessing.Process(target=work, args=(options.base_url, options.database, options.wal))
        for _ in range(options.processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
