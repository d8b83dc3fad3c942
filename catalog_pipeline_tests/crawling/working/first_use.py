"""A program that forks processes in each of which many threads do one thing for the first time.

Its arguments name the thing and say how many processes. Whatever a worker has imported when its
threads start is imported before the forks, and nothing has been used. Prints how each process
ended that did not end well.
"""

import gzip
import os
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone

import brotli
import zstandard

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.working import page_worker  # noqa: F401 - what a worker imports
from catalog_pipeline.fetching.content_encoding import gunzipped, unbrotlied, unzstandarded
from catalog_pipeline.fetching.robots import RobotsRules
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.records import PageRecord
from catalog_pipeline.storing import page_file

THREADS = 16

HEADER = (
    b"catalogue page 1\n"
    b'{"record":{"page":1,"url":"http://shop.example/1","http_status":200,"rows":0,'
    b'"body_bytes":1,"fetch_seconds":0.1,"attempts":1,"fetched_at":"2026-01-01T00:00:00Z",'
    b'"content_type":null,"etag":null,"last_modified":null,"not_modified":false,'
    b'"data_version":"v","code_version":"c"},"rows_size":0,"body_size":0}\n'
)
PRODUCT = (
    '<article class="product_pod"><h3><a href="/a b" title="Tea · 茶">Tea</a></h3>'
    '<p class="star-rating Three"></p><p class="price_color">£12.50</p>'
    '<p class="instock availability">In stock</p></article>'
)
PAGE = f"<html><head><title>Tea</title></head><body>{PRODUCT * 20}</body></html>"
ROBOTS = b"User-agent: *\nCrawl-delay: 2\nDisallow: /*/cart$\nAllow: /\n"


def _read_header() -> None:
    page_file.decode(HEADER, page=PageKey(1), name="1.page")


def _write_and_read() -> None:
    at = datetime(2026, 1, 31, tzinfo=timezone.utc)
    record = PageRecord(
        PageKey(1),
        "http://shop.example/1",
        200,
        0,
        0,
        0.0,
        1,
        at,
        None,
        None,
        None,
        False,
        "v",
        "c",
    )
    rows = page_file.rows_json({"title": ["Tea"]})
    file = page_file.decode(
        page_file.encode(record, rows, b"<html>"), page=PageKey(1), name="1.page"
    )
    if file.columns != {"title": ["Tea"]} or file.body != b"<html>":
        raise AssertionError(file)


def _undo_encodings() -> None:
    text = PAGE.encode()
    packed = [
        (gunzipped, gzip.compress(text)),
        (unbrotlied, brotli.compress(text)),
        (unzstandarded, zstandard.ZstdCompressor().compress(text)),
    ]
    for undone, body in packed:
        if b"".join(undone(iter([body]))) != text:
            raise AssertionError(undone)


def _obey_robots() -> None:
    rules = RobotsRules.from_answer(200, ROBOTS)
    rules.why_not("http://shop.example/a/cart", "bot/1")
    rules.max_requests_per_second("bot/1")


def _read_listing(catalogue: Catalogue, charset: str) -> Callable[[], None]:
    parser = ListingParser(catalogue)
    body = PAGE.encode(charset, "xmlcharrefreplace")

    def read() -> None:
        content_type = f"text/html; charset={charset}"
        columns = parser.read(
            body, url=catalogue.base_url, page=PageKey(1), content_type=content_type
        ).columns
        if len(next(iter(columns.values()))) != 20:
            raise AssertionError(columns)

    return read


def _uses() -> dict[str, Callable[[], None]]:
    books = load_catalogue("books_toscrape")
    return {
        "page_header": _read_header,
        "page_file": _write_and_read,
        "content_encodings": _undo_encodings,
        "robots_txt": _obey_robots,
        "listing_in_utf_8": _read_listing(books, "utf-8"),
        "listing_in_gb18030": _read_listing(books, "gb18030"),
        "listing_in_windows_1252": _read_listing(books, "windows-1252"),
    }


def _in_many_threads(use: Callable[[], None]) -> int:
    start = threading.Barrier(THREADS)
    broken: list[BaseException] = []

    def first() -> None:
        start.wait()
        try:
            use()
        except BaseException as error:
            broken.append(error)
            raise

    threads = [threading.Thread(target=first) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1 if broken else 0


def main(name: str, processes: int) -> None:
    """Let the threads of each of so many processes be the first to use the thing of that name."""
    use = _uses()[name]
    # Threads take turns as often as they can, so that few processes show what many would.
    sys.setswitchinterval(1e-6)
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            os._exit(_in_many_threads(use))
        _, status = os.waitpid(child, 0)
        if status:
            print(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
