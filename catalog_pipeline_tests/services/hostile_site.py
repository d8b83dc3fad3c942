"""A site whose texts would come alive in a web UI that trusted them.

Not here: what becomes of them.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalog_pipeline_tests.hostile_texts import HOSTILE
from catalog_pipeline_tests.written_site import WrittenSite, listing, written_site

NAME = "hostile"
_TEXTS = [
    *(text.replace("\x00", "") for text in HOSTILE.values()),
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](javascript:alert(1))",
    "[x](javascript:alert(1))",
]


@contextmanager
def hostile_site() -> Iterator[WrittenSite]:
    """A site of products with such names, and of pages that fail by them."""
    shown = [html.escape(text) for text in _TEXTS]
    with written_site() as site:
        site.write({1: listing(1, *shown)})
        site.write({page: listing(page, text) for page, text in enumerate(shown[::4], start=2)})
        site.bodies |= {
            path: f"<title>{text}</title>{text}"
            for path, text in zip(list(site.bodies)[1::2], shown[1::4], strict=False)
        }
        yield site


def attributes(site: WrittenSite) -> dict[str, Any]:
    """What the site's catalogue has that the sandbox has otherwise."""
    return {
        "page_url": "/products?page={page}",
        "last_page": len(site.bodies),
        "product": "li",
        "fields": {"sku": {"select": "b"}, "name": {"select": "i"}},
        "key": "sku",
    }
