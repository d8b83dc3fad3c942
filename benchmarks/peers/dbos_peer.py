"""The crawl as durable execution, in DBOS on SQLite: `dbos_peer.py BASE_URL PAGES FOLDER`.

One workflow; each page is a step, whose checkpoint holds its rows. A workflow that was cut short is
recovered by the next launch and goes on after its last completed step.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from urllib.parse import urljoin

import lxml.html
import requests
from dbos import DBOS, SetWorkflowID

session = requests.Session()


@DBOS.step()
def fetch_page(url: str) -> list[dict[str, object]]:
    """The rows of one page."""
    answer = session.get(url, timeout=30)
    answer.raise_for_status()
    cards = lxml.html.fromstring(answer.content).xpath("//article[contains(@class, 'card')]")
    return [
        {
            "name": card.xpath(".//h3/a")[0].text,
            "price": float(card.xpath(".//p[@class='price']/text()")[0].lstrip("$")),
            "rating": float(card.xpath(".//p[@class='rating']/text()")[0]),
            "stock": int(card.xpath(".//p[@class='stock']/text()")[0].split()[0]),
            "url": urljoin(url, card.xpath(".//h3/a/@href")[0]),
            "image": urljoin(url, card.xpath(".//img/@src")[0]),
        }
        for card in cards
    ]


@DBOS.step()
def write_rows(rows: list[dict[str, object]], path: str) -> None:
    """Write the result, whole or not at all: a step may be made twice."""
    part = Path(f"{path}.part")
    part.write_text(json.dumps(rows))
    os.replace(part, path)


@DBOS.workflow()
def crawl(base_url: str, pages: int, path: str) -> int:
    """Crawl pages 1 to `pages` into a file; returns the number of rows."""
    rows: list[dict[str, object]] = []
    for page in range(1, pages + 1):
        rows += fetch_page(f"{base_url}/products?page={page}")
    write_rows(rows, path)
    return len(rows)


def main() -> None:
    """Launch, which recovers what was cut short, and wait for the only workflow."""
    base_url, pages, folder = sys.argv[1:]
    url = f"sqlite:///{folder}/dbos.sqlite"
    DBOS(config={"name": "catalogue", "system_database_url": url})
    DBOS.launch()
    with SetWorkflowID("crawl"):
        handle = DBOS.start_workflow(crawl, base_url, int(pages), f"{folder}/rows.json")
    print(f"{handle.get_result()} rows")
    DBOS.destroy()


if __name__ == "__main__":
    main()
