"""A page of a site for the browser of whoever looks at it, in which nothing comes alive.

What is shown of a page, and which, is decided in `show`.
"""

from __future__ import annotations

import html

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.charset import to_utf8
from catalog_pipeline.showing import as_html

_FRAME = """<!DOCTYPE html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'">
<title>{title}</title>
<iframe sandbox srcdoc="{page}"
 style="position:fixed;inset:0;width:100%;height:100%;border:0"></iframe>
"""
"""The frame runs no script, sends no form, leads nowhere by itself, and loads nothing."""


def inert_page(body: bytes, content_type: str | None, encoding: str | None, title: str) -> bytes:
    """A file that shows text and form of the body, and asks nobody for anything."""
    try:
        text = to_utf8(body, content_type, encoding).decode()
    except ParseError:
        text = body.decode("utf-8", errors="replace")
    return _FRAME.format(title=as_html(title), page=html.escape(text)).encode()
