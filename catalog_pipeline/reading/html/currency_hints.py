"""What a page says of its own currency, to be proposed where a YAML says nothing of it.

A proposal only: no price is read by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from catalog_pipeline.reading.values.currencies import CODES
from catalog_pipeline.reading.values.separators import currency_of_territory

_CODE_IN_JSON = re.compile(r'"(?:priceCurrency|currency(?:Code|_code)?)"\s*:\s*"([A-Za-z]{3})"')
_META = ("og:price:currency", "product:price:currency")
_MOST_SCRIPT_CHARACTERS = 2_000_000


def currency_hint(root: etree._Element, possible: frozenset[str]) -> str | None:
    """What would be declared, and what on the page says so; None if nothing does.

    `possible` are the only ones that fit the price, if there are such.
    """
    for code, source in _said(root):
        if code.upper() in (possible or CODES):
            return f"the page itself says {code.upper()}, in its {source}"
    return None


def _said(root: etree._Element) -> Iterator[tuple[str, str]]:
    for meta in root.iter("meta"):
        name = meta.get("property") or meta.get("name") or ""
        if name in _META:
            yield (meta.get("content") or "").strip(), name
    for element in root.iter(etree.Element):
        if element.get("itemprop") == "priceCurrency":
            yield (element.get("content") or element.text or "").strip(), "itemprop priceCurrency"
        for name in ("data-currency", "data-currency-code"):
            yield (element.get(name) or "").strip(), name
    for script in root.iter("script"):
        for found in _CODE_IN_JSON.finditer((script.text or "")[:_MOST_SCRIPT_CHARACTERS]):
            kind = "JSON-LD" if "ld+json" in (script.get("type") or "") else "script"
            yield found[1], kind
    language = next((html.get("lang") or "" for html in root.iter("html")), "")
    territory = re.fullmatch(
        r"[A-Za-z]{2,3}[-_](?:[A-Za-z]{4}[-_])?([A-Za-z]{2})", language.strip()
    )
    if territory:
        yield currency_of_territory(territory[1].upper()) or "", f"lang={language.strip()}"
