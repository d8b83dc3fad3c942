"""What the machine itself needs for the crawl: `floor.py HOST:PORT PAGES CONCURRENCY FOLDER`.

Raw sockets that stay open, each page parsed by lxml once, its rows appended to a file that is
synced for a group of pages; a process for each core. It resumes nothing, tries nothing twice and
believes every answer: no crawler, but what all of them are measured against.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import selectors
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

PAGES_OF_A_GROUP = 200
CARDS = etree.XPath("//article[contains(@class, 'product-card')]")


class Connection:
    """A socket with one request on its way."""

    def __init__(self, host: str) -> None:
        name, _, port = host.partition(":")
        self.socket = socket.create_connection((name, int(port)))
        self._host = host
        self._received = bytearray()

    def ask(self, page: int) -> None:
        """Send the request of a page."""
        head = f"GET /products?page={page} HTTP/1.1\r\nHost: {self._host}\r\n\r\n"
        self.socket.sendall(head.encode())

    def answer(self) -> bytes | None:
        """The body, when all of it is there."""
        self._received += self.socket.recv(1 << 18)
        head, separator, body = bytes(self._received).partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return None
        self._received.clear()
        return body


def rows(base_url: str, body: bytes) -> Iterator[dict[str, object]]:
    """The rows of one page."""
    for card in CARDS(etree.HTML(body)):
        link, image = card.find(".//h3/a"), card.find(".//img")
        texts = {each.get("class"): each.text for each in card.iter("p")}
        yield {
            "name": link.text,
            "price": float(texts["price"].lstrip("$")),
            "rating": float(texts["rating"]),
            "stock": int(texts["stock"].split()[0]),
            "url": base_url + link.get("href"),
            "image": base_url + image.get("src"),
        }


def crawl(host: str, pages: Iterable[int], connections: int, path: Path) -> None:
    """Crawl the pages over so many sockets, into one file."""
    left, group = iter(pages), list[str]()
    with path.open("wb") as file, selectors.DefaultSelector() as selector:
        for _, page in zip(range(connections), left, strict=False):
            connection = Connection(host)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask(page)
        while selector.get_map():
            for key, _ in selector.select():
                body = key.data.answer()
                if body is None:
                    continue
                # The next page is on its way while this one is parsed.
                if (page := next(left, 0)) != 0:
                    key.data.ask(page)
                else:
                    selector.unregister(key.fileobj)
                group.append(
                    "".join(f"{json.dumps(row)}\n" for row in rows(f"http://{host}", body))
                )
                if len(group) == PAGES_OF_A_GROUP:
                    append(file, group)
        append(file, group)


def append(file: BinaryIO, group: list[str]) -> None:
    """Have a group of pages on the disk."""
    file.write("".join(group).encode())
    file.flush()
    os.fdatasync(file.fileno())
    group.clear()


def main() -> None:
    """Share the pages among the cores."""
    host, pages, concurrency, folder = sys.argv[1:]
    cores = min(os.cpu_count() or 1, int(concurrency))
    workers = [
        multiprocessing.Process(
            target=crawl,
            args=(
                host,
                range(core + 1, int(pages) + 1, cores),
                int(concurrency) // cores,
                Path(folder) / f"rows-{core}.jsonl",
            ),
        )
        for core in range(cores)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sys.exit(any(worker.exitcode for worker in workers))


if __name__ == "__main__":
    main()
