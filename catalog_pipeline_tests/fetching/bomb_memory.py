"""Run as a process of its own: 16 threads meet bombs; prints the memory grown and each refusal.

The server runs in another process still, so that its memory does not count.
"""

from __future__ import annotations

import gzip
import multiprocessing
import resource
import sys
import threading
import zlib
from multiprocessing.connection import Connection

import brotli
import zstandard

from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline_tests.fetching.raw_server import (
    Visit,
    catalogue_at,
    page,
    raw_server,
)
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

THREADS = 16
MEBIBYTE = 1024 * 1024


def _bombs() -> dict[str, bytes]:
    zeros = bytes(200 * MEBIBYTE)
    return {
        "/gzip": page(gzip.compress(zeros, 1), "Content-Encoding: gzip"),
        "/deflate": page(zlib.compress(zeros, 1), "Content-Encoding: deflate"),
        "/br": page(brotli.compress(zeros, quality=1), "Content-Encoding: br"),
        "/zstd": page(zstandard.ZstdCompressor().compress(zeros), "Content-Encoding: zstd"),
        "/twice": page(gzip.compress(gzip.compress(zeros, 1)), "Content-Encoding: gzip, gzip"),
        "/negative": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "/endless": b"HTTP/1.1 200 OK\r\n\r\n",
        "/headers": b"HTTP/1.1 200 OK\r\n",
    }


def _serve(pipe: Connection) -> None:
    bombs = _bombs()
    filler = bytes(MEBIBYTE)
    header = b"X-Filler: " + b"x" * 60_000 + b"\r\n"

    def script(visit: Visit) -> None:
        visit.send(bombs[visit.path])
        if visit.path in ("/negative", "/endless", "/headers"):
            visit.hang_up = True
            for _ in range(200):
                visit.send(header * 16 if visit.path == "/headers" else filler)

    with raw_server(script) as server:
        pipe.send((server.url, sorted(bombs)))
        pipe.recv()


def main() -> None:
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,))
    process.start()
    url, paths = here.recv()
    exchange = Exchange(catalogue_at(url, politeness={"request_timeout_seconds": 60}))
    refused: list[str] = []

    def crawl() -> None:
        for path in paths:
            try:
                exchange.get(url + path)
            except FetchError as error:
                refused.append(error.kind)

    before = _peak_mebibytes()
    threads = [threading.Thread(target=crawl) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(_peak_mebibytes() - before, *refused)
    here.send(None)
    process.join(PATIENCE_SECONDS)


def _peak_mebibytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (MEBIBYTE if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
