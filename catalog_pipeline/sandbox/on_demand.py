"""Serves a catalogue whose site is the practice shop for as long as something crawls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings


@contextmanager
def served(catalogue: Catalogue) -> Iterator[Catalogue]:
    """The catalogue at the address where it is served; others than the shop's come back as is."""
    shop = catalogue.practice_shop
    if shop is None:
        yield catalogue
        return
    settings = ShopSettings(
        pages=shop.pages, page_size=shop.page_size, session_requests=shop.session_requests
    )
    with RunningShop(settings) as running:
        yield catalogue.model_copy(update={"base_url": running.url})
