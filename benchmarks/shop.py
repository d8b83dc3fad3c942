"""The products that the benchmark's server sells: the truth that every crawl is checked against.

The same arithmetic is in `server/shop.c`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

PRODUCTS_PER_PAGE = 20

_COLOURS, _MATERIALS, _NOUNS = (
    words.split()
    for words in (
        "Black White Red Blue Green Grey Amber Ivory "
        "Coral Navy Olive Silver Teal Violet Ochre Rose",
        "Wooden Steel Linen Glass Cotton Leather Copper Bamboo "
        "Marble Paper Ceramic Rubber Woollen Cork Brass Stone",
        "Cable Mug Lamp Chair Clock Basket Bottle Tray "
        "Shelf Knife Brush Plate Stool Frame Towel Candle",
    )
)


class Product(NamedTuple):
    """One product of a listing page; `url` and `image` are paths."""

    name: str
    price_cents: int
    rating_tenths: int
    stock: int
    url: str
    image: str


def product(number: int) -> Product:
    """The product with that number, counted from 1 over all pages."""
    words = (
        _COLOURS[number % 16],
        _MATERIALS[number // 16 % 16],
        _NOUNS[number // 256 % 16],
    )
    return Product(
        name=f"{' '.join(words)} No. {number}",
        price_cents=199 + number * 7919 % 99800,
        rating_tenths=10 + number * 37 % 41,
        stock=number * 13 % 40,
        url=f"/products/{number}-{'-'.join(words).lower()}",
        image=f"/images/{number}.jpg",
    )


def products(pages: int) -> Iterator[Product]:
    """Every product of the pages 1 to `pages`."""
    return (product(number) for number in range(1, pages * PRODUCTS_PER_PAGE + 1))


def difference(found: Iterable[Product], pages: int) -> str:
    """What sets `found` apart from the shop's products; empty if it is exactly those."""
    rows = list(found)
    seen, truth = set(rows), set(products(pages))
    parts = {
        "missing": len(truth - seen),
        "wrong": len(seen - truth),
        "doubled": len(rows) - len(seen),
    }
    return ", ".join(f"{count} {what}" for what, count in parts.items() if count)


def read_product(base_url: str, row: dict[str, object]) -> Product:
    """The product in one row of a crawl's output, whatever number types the output has."""
    return Product(
        name=str(row["name"]),
        price_cents=round(float(str(row["price"])) * 100),
        rating_tenths=round(float(str(row["rating"])) * 10),
        stock=int(str(row["stock"])),
        url=str(row["url"]).removeprefix(base_url),
        image=str(row["image"]).removeprefix(base_url),
    )
