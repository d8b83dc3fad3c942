"""A practice shop while it runs: its pages, what they hold now, and the faults still to come.

Belongs here: the state that `/__control` can change, and the pages made from it.
Does not belong here: HTTP (see listings and app) and the counters (see traffic).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox import markup
from catalog_pipeline.sandbox.days import ShopDay, shop_day
from catalog_pipeline.sandbox.faults import Fault
from catalog_pipeline.sandbox.products import CATEGORIES, Product, category_of, product
from catalog_pipeline.sandbox.settings import ShopSettings, require_at_least

OPENED = datetime(2026, 1, 5, 8, 0, tzinfo=timezone.utc)
DEALS_SHOWN = 40
CACHED_PAGES = 2_000


@dataclass(frozen=True)
class RenderedPage:
    """A listing page ready to be sent, with its validators."""

    body: bytes
    etag: str
    last_modified: str


class Shop:
    """The changeable state of a running shop."""

    def __init__(self, settings: ShopSettings) -> None:
        self.settings = settings
        self.pages = settings.pages
        self.latency_ms = settings.latency_ms
        self.session_requests = settings.session_requests
        self.end = settings.end
        self.tells_size = False
        """Whether listing pages tell how many products and pages there are."""
        self.categories = CATEGORIES
        """Those that the entrance and the sitemap name, and that can be seen."""
        self.robots_txt: str | None = None
        self.today: ShopDay | None = None
        """The day that it is; None for a shop on which no day passes."""
        self.ledger: dict[int, tuple[Product, ...]] = {}
        """What was sold on each day that it was, whatever of it was shown."""
        self._faults: dict[int, Fault] = {}
        self._faults_left: dict[int, int | None] = {}
        self._revisions: dict[int, int] = {}
        self.set_faults(settings.faults)
        self.begin_day(settings.day)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that are set, used up or not."""
        return tuple(self._faults.values())

    @property
    def product_count(self) -> int:
        """How many products the shop sells."""
        if self.today is not None:
            return len(self.today.products)
        return self.pages * self.settings.page_size

    def begin_day(self, day: int | None) -> None:
        """Let it be that day, or let no day pass any more."""
        room = self.settings
        self.today = None if day is None else shop_day(day, room.pages, room.page_size)
        self.pages = room.pages if self.today is None else self.today.pages
        if self.today is not None:
            self.ledger[self.today.day] = self.today.products

    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Replace all faults; each starts with its full number of times."""
        pages = [fault.page for fault in faults]
        doubled = sorted({page for page in pages if pages.count(page) > 1})
        if doubled:
            raise UsageError(f"practice shop: more than one fault for page {doubled[0]}")
        self._faults = {fault.page: fault for fault in faults}
        self._faults_left = {fault.page: fault.times for fault in faults}

    def take_fault(self, page: int) -> Fault | None:
        """Return the fault that this request for `page` meets, and use up one of its times."""
        if self.today is not None and page in self.today.out:
            return Fault(page, "503")
        left = self._faults_left.get(page, 0)
        if left == 0:
            return None
        if left is not None:
            self._faults_left[page] = left - 1
        return self._faults[page]

    def revise(self, page: int) -> None:
        """Change the content of `page`: the price of its first product, and so its validators."""
        require_at_least("a revised page", page, 1)
        self._revisions[page] = self._revisions.get(page, 0) + 1

    def revision(self, page: int) -> int:
        """Return how often `page` was changed."""
        return self._revisions.get(page, 0)

    def product(self, product_id: int) -> Product | None:
        """Return a product as it is now, or None if the shop does not sell that number."""
        if self.today is not None:
            return next((item for item in self.today.products if item.id == product_id), None)
        if not 1 <= product_id <= self.product_count:
            return None
        page, place = divmod(product_id - 1, self.settings.page_size)
        return product(product_id, self.revision(page + 1) if place == 0 else 0)

    def listing(self, page: int, path: str) -> RenderedPage | None:
        """Return listing page `page` with links under `path`, or None past the end."""
        if not 1 <= page <= self.pages:
            return None
        has_next = page < self.pages
        size = self.settings.page_size
        if self.today is not None:
            return _render_day(self.today, page, size, path, self.told_size)
        return _render(page, size, self.revision(page), path, has_next, self.told_size)

    @property
    def told_size(self) -> str:
        """What listing pages tell of how many products and pages there are; "" if they do not."""
        if not self.tells_size:
            return ""
        return f"{self.product_count:,} products on {self.pages:,} pages"

    def listing_without_price(self, page: int, path: str) -> str:
        """Return listing page `page` with one price missing (the second, if there are two)."""
        products = self._page_products(page)
        unpriced = frozenset({products[:2][-1].id})
        return markup.listing_page(
            products, page, path=path, has_next=page < self.pages, unpriced=unpriced
        )

    def category_listing(self, page: int, category: str) -> str | None:
        """Return page `page` of one category's products, or None past the end."""
        if category not in self.categories:
            return None
        ids = _ids_of_category(category, self.product_count)
        size = self.settings.page_size
        shown = ids[(page - 1) * size : page * size] if page >= 1 else ()
        products = [item for item in map(self.product, shown) if item is not None]
        if not products:
            return None
        has_next = page * size < len(ids)
        return markup.listing_page(products, page, category=category, has_next=has_next)

    def deals(self) -> list[Product]:
        """Return the first offers of the shop, those with an old price."""
        offers: list[Product] = []
        for product_id in range(1, self.product_count + 1):
            item = self.product(product_id)
            if item is not None and item.old_price is not None:
                offers.append(item)
            if len(offers) == DEALS_SHOWN:
                break
        return offers

    def _page_products(self, page: int) -> list[Product]:
        if self.today is not None:
            return _products_of_day(self.today, page, self.settings.page_size)
        return page_products(page, self.settings.page_size, self.revision(page))


def page_products(page: int, page_size: int, revision: int = 0) -> list[Product]:
    """Return the products of listing page `page`; the revision changes the first one only."""
    first = (page - 1) * page_size + 1
    others = [product(product_id) for product_id in range(first + 1, first + page_size)]
    return [product(first, revision), *others]


@lru_cache(maxsize=CACHED_PAGES)
def _render(
    page: int, page_size: int, revision: int, path: str, has_next: bool, told: str
) -> RenderedPage:
    products = page_products(page, page_size, revision)
    body = markup.listing_page(products, page, path=path, has_next=has_next, told=told)
    return _rendered(body, OPENED + timedelta(hours=revision))


def _render_day(today: ShopDay, page: int, page_size: int, path: str, told: str) -> RenderedPage:
    body = markup.listing_page(
        _products_of_day(today, page, page_size),
        page,
        path=path,
        has_next=page < today.pages,
        renamed=today.renamed,
        told=told,
    )
    return _rendered(body, OPENED + timedelta(days=today.day))


def _products_of_day(today: ShopDay, page: int, page_size: int) -> list[Product]:
    return list(today.products[(page - 1) * page_size : page * page_size])


def _rendered(text: str, changed_at: datetime) -> RenderedPage:
    body = text.encode()
    return RenderedPage(
        body=body,
        etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        last_modified=format_datetime(changed_at, usegmt=True),
    )


@lru_cache(maxsize=32)
def _ids_of_category(category: str, product_count: int) -> tuple[int, ...]:
    every_id = range(1, product_count + 1)
    return tuple(product_id for product_id in every_id if category_of(product_id) == category)
