"""The crawl in Scrapy: one spider; queue and progress in JOBDIR, rows in a JSON-lines feed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import scrapy
from scrapy.http import Response


class ProductsSpider(scrapy.Spider):
    """`-a base_url=… -a pages=…`"""

    name = "products"
    base_url: str
    pages: str

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for page in range(1, int(self.pages) + 1):
            yield scrapy.Request(f"{self.base_url}/products?page={page}")

    def parse(self, response: Response, **_: Any) -> Iterator[dict[str, object]]:
        for card in response.css("article.product-card"):
            yield {
                "name": card.css("h3 a::text").get(),
                "price": float(card.css(".price::text").re_first(r"\$([\d.]+)")),
                "rating": float(card.css(".rating::text").get()),
                "stock": int(card.css(".stock::text").re_first(r"\d+")),
                "url": response.urljoin(card.css("h3 a::attr(href)").get()),
                "image": response.urljoin(card.css("img::attr(src)").get()),
            }
