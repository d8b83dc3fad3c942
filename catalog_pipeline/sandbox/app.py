"""The practice shop as an ASGI application.

Belongs here: the routes of the public shop, and putting its parts together.
Does not belong here: processes, ports and signals (see serving).
"""

import gzip
from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from catalog_pipeline.sandbox import markup
from catalog_pipeline.sandbox.control import ControlDesk
from catalog_pipeline.sandbox.json_pages import JsonPages
from catalog_pipeline.sandbox.listings import (
    LONGEST_NUMBER,
    listing_answer,
    not_found,
    requested_page,
)
from catalog_pipeline.sandbox.members import MembersArea, Sessions
from catalog_pipeline.sandbox.products import Product
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline.sandbox.shop import Shop
from catalog_pipeline.sandbox.traffic import Traffic, TrafficMiddleware

LISTING_PATH = "/products"
SITEMAP_URLS = 50_000
SITEMAPS = ("/sitemap.xml", "/sitemap-categories.xml.gz")


def create_app(settings: ShopSettings) -> Starlette:
    """Return a shop of its own, with all counters at zero."""
    shop, traffic, sessions = Shop(settings), Traffic(), Sessions()
    routes = [
        *PublicShop(shop, traffic).routes(),
        *JsonPages(shop).routes(),
        *MembersArea(shop, traffic, sessions).routes(),
        *ControlDesk(shop, traffic, sessions).routes(),
    ]
    traffic_middleware = Middleware(
        TrafficMiddleware,
        traffic=traffic,
        latency_ms=lambda: shop.latency_ms,
        is_printed=settings.is_logged,
    )
    return Starlette(
        routes=routes,
        middleware=[traffic_middleware],
        exception_handlers={404: _answer_not_found},
    )


class PublicShop:
    """The endpoints that everybody may use."""

    def __init__(self, shop: Shop, traffic: Traffic) -> None:
        self.shop = shop
        self.traffic = traffic

    def routes(self) -> list[Route]:
        """Return the routes of the public shop, the busiest first."""
        return [
            Route(LISTING_PATH, self.listing),
            Route(LISTING_PATH + "/{product}", self.product),
            Route("/images/{picture}.svg", self.picture),
            Route("/", self.home),
            Route("/deals", self.deals),
            Route("/style.css", self.style),
            Route("/robots.txt", self.robots),
            Route("/sitemap.xml", self.sitemap),
            Route("/sitemap_index.xml", self.sitemap_index),
            Route("/sitemap-categories.xml.gz", self.categories_sitemap),
        ]

    async def listing(self, request: Request) -> ASGIApp:
        """Show one page of all products, or of one category's."""
        category = request.query_params.get("category")
        if category is None:
            return listing_answer(request, self.shop, self.traffic, LISTING_PATH)
        html = self.shop.category_listing(requested_page(request) or 0, category)
        return not_found() if html is None else HTMLResponse(html)

    async def product(self, request: Request) -> Response:
        """Show one product; the slug must be right."""
        item = self._product(request.path_params["product"].partition("-")[0])
        if item is None or item.path != request.url.path:
            return not_found()
        return HTMLResponse(markup.product_page(item))

    async def picture(self, request: Request) -> Response:
        """Send the drawing of one product."""
        item = self._product(request.path_params["picture"])
        if item is None:
            return not_found()
        return Response(markup.picture(item), media_type="image/svg+xml")

    async def home(self, request: Request) -> Response:
        """Show the entrance."""
        return HTMLResponse(markup.home_page(self.shop.categories))

    async def deals(self, request: Request) -> Response:
        """Show the offers."""
        return HTMLResponse(markup.deals_page(self.shop.deals()))

    async def style(self, request: Request) -> Response:
        """Send the style sheet."""
        return Response(markup.STYLE, media_type="text/css")

    async def robots(self, request: Request) -> Response:
        """Send robots.txt, the default one or what the control desk has set."""
        text = self.shop.robots_txt
        return PlainTextResponse(markup.robots_txt(_base_url(request)) if text is None else text)

    async def sitemap(self, request: Request) -> Response:
        """Send the sitemap; it ends at the number of URLs that the protocol allows."""
        paths = (path for path, _ in zip(self._paths(), range(SITEMAP_URLS), strict=False))
        xml = markup.sitemap_xml(_base_url(request), paths)
        return Response(xml, media_type="application/xml")

    async def sitemap_index(self, request: Request) -> Response:
        """Send the index of the sitemaps."""
        xml = markup.sitemap_index_xml(_base_url(request), SITEMAPS)
        return Response(xml, media_type="application/xml")

    async def categories_sitemap(self, request: Request) -> Response:
        """Send the sitemap of the categories, compressed."""
        paths = (f"{LISTING_PATH}?category={each}" for each in self.shop.categories)
        xml = markup.sitemap_xml(_base_url(request), paths)
        return Response(gzip.compress(xml.encode()), media_type="application/gzip")

    def _product(self, number: str) -> Product | None:
        is_number = number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER
        return self.shop.product(int(number)) if is_number else None

    def _paths(self) -> Iterator[str]:
        yield "/"
        yield "/deals"
        for page in range(1, self.shop.pages + 1):
            yield f"{LISTING_PATH}?page={page}"
        for product_id in range(1, self.shop.product_count + 1):
            item = self.shop.product(product_id)
            if item is not None:
                yield item.path


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _answer_not_found(request: Request, error: Exception) -> Response:
    return not_found()
