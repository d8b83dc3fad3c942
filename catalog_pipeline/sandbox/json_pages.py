"""The practice shop's products as JSON: an API by page and by cursor, and JSON within HTML.

Belongs here: the routes and what they answer. They have no faults, and are in the log alone.
Does not belong here: what a product is (see products) and which there are (see shop).
"""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from catalog_pipeline.sandbox import markup
from catalog_pipeline.sandbox.listings import LONGEST_NUMBER, not_found, requested_page
from catalog_pipeline.sandbox.products import Product
from catalog_pipeline.sandbox.shop import Shop

API_PATH = "/api/products"
APP_PATH = "/app/products"
SCRIPT_ID = "__SHOP_DATA__"


class JsonPages:
    """The endpoints whose products are records of JSON."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(API_PATH, self.api), Route(APP_PATH, self.app)]

    async def api(self, request: Request) -> Response:
        """Answer `?page=N`, or `?after=ID`, whose `next` is the cursor of the page after it."""
        cursor = request.query_params.get("after")
        page = requested_page(request)
        if page is None or not (cursor is None or _is_number(cursor)):
            return not_found()
        first = (page - 1) * self._size + 1 if cursor is None else int(cursor) + 1
        products = self._products(first)
        last = first + len(products) - 1
        has_more = bool(products) and last < self.shop.product_count
        return JSONResponse(
            {
                "products": [_record(item) for item in products],
                "total": self.shop.product_count,
                "pages": self.shop.pages,
                "next": str(last) if has_more else None,
            }
        )

    async def app(self, request: Request) -> Response:
        """Show a page that its scripts fill, with the products in one of them."""
        page = requested_page(request)
        products = [] if page is None else self._products((page - 1) * self._size + 1)
        if not products:
            return not_found()
        data = {"props": {"products": [_record(item) for item in products], "page": page}}
        return HTMLResponse(markup.app_page(SCRIPT_ID, json.dumps(data)))

    @property
    def _size(self) -> int:
        return self.shop.settings.page_size

    def _products(self, first: int) -> list[Product]:
        ids = range(first, first + self._size)
        return [item for item in map(self.shop.product, ids) if item is not None]


def _record(item: Product) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "url": item.path,
        "category": item.category,
        "price": str(item.price),
        "currency": "USD",
        "in_stock": item.in_stock,
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
