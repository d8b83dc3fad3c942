"""The practice shop day by day: which goods it sells, at which prices, and what goes wrong.

Belongs here: pure functions of the day, from 1 on. Prices move, goods come, go and return; on
three days the shop is not what it was.
Does not belong here: what a shop is at present, and the pages made from it (see shop).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from catalog_pipeline.sandbox.products import Product, product

LAST_DAY = 1_000
RENAMED_DAY, OUTAGE_DAY, HALF_DAY = 12, 17, 20
"""When every second price is marked up in another way, when a third of the pages cannot be had, and
when the shop shows only half of its pages."""
_KINDS = 16
_LEAVES, _RETURNS, _COMES, _BLINKS = 3, 7, 11, 14
"""Of each sixteen products one leaves for good, one is away for some days, one comes later, and one
is away for a single day."""


@dataclass(frozen=True)
class ShopDay:
    """A day of the shop: what it sells, in order, and how much of that it shows.

    `renamed` are the products whose price has another class, `out` the pages that cannot be had.
    """

    day: int
    products: tuple[Product, ...]
    pages: int
    renamed: frozenset[int] = frozenset()
    out: frozenset[int] = frozenset()


def shop_day(day: int, pages: int, page_size: int) -> ShopDay:
    """A day of a shop that has room for so many pages of that size."""
    sold = tuple(goods_of_day(day, pages * page_size))
    shown = -(-len(sold) // page_size)
    if day == RENAMED_DAY:
        return ShopDay(day, sold, shown, renamed=frozenset(item.id for item in sold[::2]))
    if day == OUTAGE_DAY:
        return ShopDay(day, sold, shown, out=frozenset(range(2, shown + 1, 3)))
    return ShopDay(day, sold, max(1, shown // 2) if day == HALF_DAY else shown)


def goods_of_day(day: int, number: int) -> Iterator[Product]:
    """What is sold on a day of the products 1 to `number`, as it is then."""
    for product_id in range(1, number + 1):
        if _is_sold(product_id, day):
            yield _on_day(product_id, day)


def _is_sold(product_id: int, day: int) -> bool:
    kind, turn = product_id % _KINDS, 3 + (product_id * 5) % 26
    if kind == _LEAVES:
        return day < turn
    if kind == _RETURNS:
        return not turn <= day < turn + 2 + product_id % 5
    if kind == _COMES:
        return day >= turn
    return kind != _BLINKS or day != turn


@lru_cache(maxsize=5_000)
def _on_day(product_id: int, day: int) -> Product:
    """The product; on most days it is what it was the day before."""
    item = product(product_id)
    price, in_stock = item.price, item.in_stock
    for past in range(2, day + 1):
        dice = hashlib.blake2b(f"{product_id} {past}".encode(), digest_size=4).digest()
        if dice[0] % 6 == 0:
            cents = int(price * 100) * (85 + dice[1] % 31) // 100
            price = Decimal(max(cents, 100)).scaleb(-2)
        in_stock = in_stock != (dice[2] % 12 == 0)
    return replace(item, price=price, in_stock=in_stock)
