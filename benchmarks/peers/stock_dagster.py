"""The crawl in Dagster as it comes: an asset with a static partition per page, rows as its output.

The environment gives BENCH_BASE_URL and BENCH_PAGES.
"""

import os
from urllib.parse import urljoin

import dagster as dg
import lxml.html
import requests

pages = dg.StaticPartitionsDefinition(
    [str(page) for page in range(1, int(os.environ["BENCH_PAGES"]) + 1)]
)


@dg.asset(partitions_def=pages)
def product_page(context: dg.AssetExecutionContext) -> list[dict[str, object]]:
    """The products of one listing page."""
    url = f"{os.environ['BENCH_BASE_URL']}/products?page={context.partition_key}"
    answer = requests.get(url, timeout=30)
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
