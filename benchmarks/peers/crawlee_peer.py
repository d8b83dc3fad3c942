"""The crawl in Crawlee: `crawlee_peer.py BASE_URL PAGES CONCURRENCY FOLDER [sql]`.

Request queue and dataset persist in FOLDER, as files or in SQLite, and are taken up again by the
next run.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.parse import urljoin

from crawlee import ConcurrencySettings
from crawlee.configuration import Configuration
from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
from crawlee.storage_clients import FileSystemStorageClient, SqlStorageClient, StorageClient


async def crawl(
    base_url: str, pages: int, concurrency: int, folder: Path, storage: StorageClient
) -> None:
    """Crawl pages 1 to `pages` and export the rows to `folder/rows.json`."""
    crawler = ParselCrawler(
        configuration=Configuration(storage_dir=str(folder / "storage"), purge_on_start=False),
        storage_client=storage,
        concurrency_settings=ConcurrencySettings(
            min_concurrency=concurrency,
            max_concurrency=concurrency,
            desired_concurrency=concurrency,
        ),
        respect_robots_txt_file=True,
    )

    @crawler.router.default_handler
    async def handle(context: ParselCrawlingContext) -> None:
        await context.push_data(
            [
                {
                    "name": card.css("h3 a::text").get(),
                    "price": float(card.css(".price::text").re_first(r"\$([\d.]+)") or ""),
                    "rating": float(card.css(".rating::text").get() or ""),
                    "stock": int(card.css(".stock::text").re_first(r"\d+") or ""),
                    "url": urljoin(context.request.url, card.css("h3 a::attr(href)").get()),
                    "image": urljoin(context.request.url, card.css("img::attr(src)").get()),
                }
                for card in context.selector.css("article.product-card")
            ]
        )

    await crawler.run([f"{base_url}/products?page={page}" for page in range(1, pages + 1)])
    await crawler.export_data(folder / "rows.json")


async def main(base_url: str, pages: str, concurrency: str, folder: str, kind: str = "") -> None:
    """Crawl with the storage of that kind."""
    asked = base_url, int(pages), int(concurrency), Path(folder)
    if kind == "sql":
        async with SqlStorageClient() as storage:
            await crawl(*asked, storage)
    else:
        await crawl(*asked, FileSystemStorageClient())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
