"""The text of an element as somebody who looks at the page reads it.

Scripts, styles, templates, the titles of drawings and what other browsers would show instead of a
video or a frame are no text, unless one of them is itself what a selector asked for. Where a
browser breaks the line or begins a cell, words are apart; in a number, digits of different elements
are as well (`values.borders`). White space is not folded here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from catalog_pipeline.reading.field_values import SHOWN_TEXT
from catalog_pipeline.reading.stray_bytes import shown_bytes
from catalog_pipeline.reading.values.borders import BORDER, CENTS

_UNSEEN_NAMES = """
    audio canvas datalist desc iframe metadata noembed noframes noscript rp script style template
    title video
"""
UNSEEN = frozenset(_UNSEEN_NAMES.split())
_BREAKING_NAMES = """
    address article aside blockquote br caption center dd details dialog dir div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol
    optgroup option p pre search section select summary table tbody td tfoot th thead tr ul
"""
_BREAKING = frozenset(_BREAKING_NAMES.split())
_SPECIAL = _BREAKING.union(UNSEEN)

_STRUCK = frozenset({"s", "del", "strike"})
_CENTS_CLASS = re.compile(
    r"(?:^|[^a-z])(?:cents?|centavos?|centimes?|centimos?|decimals?|fractions?|fractional|kopecks?"
    r"|minor|pence|sup|superscript)(?![a-z])|[a-z](?:Cents?|Decimals?|Fractions?|Sup)(?![a-z])"
)
_DIGIT = re.compile("[0-9]")
_ENDS_IN_DIGIT = re.compile("[0-9]$")
_BEGINS_WITH_DIGIT = re.compile(r"\s*[0-9]")
_ENDS_IN_AMOUNT = re.compile("[0-9][.,'\u2019]?$")
_BEGINS_WITH_AMOUNT = re.compile(r"\s*[.,'\u2019]?[0-9]")


def visible_text(element: etree._Element) -> str:
    """The element's text; its own tag and what follows it do not matter."""
    # Given to lxml, so many names would take it longer than most elements take to be walked.
    if not any(node.tag in _SPECIAL for node in element.iterdescendants()):
        text: str = etree.tostring(element, method="text", encoding="unicode", with_tail=False)
        return text
    parts: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        if event == "start" and node is not element:
            if node.tag in UNSEEN:
                walk.skip_subtree()
            else:
                parts.append(f"{_gap(node)}{node.text or ''}")
        elif event == "start":
            parts.append(node.text or "")
        elif node is not element:
            parts.append(f"{_gap(node)}{node.tail or ''}")
    return "".join(parts)


def number_text(element: etree._Element) -> str:
    """The element's text for a number: where digits of two elements meet there is a mark."""
    with_digits = (chunk for chunk in element.itertext() if _DIGIT.search(chunk))
    if next(with_digits, None) is None or next(with_digits, None) is None:
        return visible_text(element)
    parts, before = [element.text or ""], (element.text or "").rstrip()[-2:]
    crossed: list[etree._Element] = []
    cents: etree._Element | None = None
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        if node is element:
            continue
        crossed.append(node)
        chunk = (node.text if event == "start" else node.tail) or ""
        if event == "start" and node.tag in UNSEEN:
            walk.skip_subtree()
            continue
        if event == "end" and node is cents:
            cents = None
        elif event == "start" and _holds_cents(node):
            cents = node
        if chunk and not chunk.isspace():
            parts.append(_mark(before, crossed, chunk, in_cents=cents is not None))
            before, crossed = chunk.rstrip()[-2:], []
        parts.append(_gap(node) + chunk)
    return "".join(parts)


def marked_chunks(element: etree._Element) -> Iterator[tuple[etree._Element, bool, str]]:
    """Before which texts of elements a mark belongs: of which element, whether it is its own text
    and not what follows it, and the mark."""
    before = (element.text or "").rstrip()[-2:]
    crossed: list[etree._Element] = []
    cents: etree._Element | None = None
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is element:
            continue
        crossed.append(node)
        if event == "end" and node is cents:
            cents = None
        elif event == "start" and _holds_cents(node):
            cents = node
        chunk = (node.text if event == "start" else node.tail) or ""
        if chunk and not chunk.isspace():
            mark = _mark(before, crossed, chunk, in_cents=cents is not None)
            before, crossed = chunk.rstrip()[-2:], []
            if mark:
                yield node, event == "start", mark


def _mark(before: str, crossed: list[etree._Element], behind: str, *, in_cents: bool) -> str:
    """What parts two texts of an element, between which the borders of others were crossed."""
    if _ENDS_IN_DIGIT.search(before) and _BEGINS_WITH_DIGIT.match(behind):
        return CENTS if in_cents else BORDER
    is_struck = any(node.tag in _STRUCK for node in crossed)
    meets = _ENDS_IN_AMOUNT.search(before) and _BEGINS_WITH_AMOUNT.match(behind)
    return BORDER if is_struck and meets else ""


def _holds_cents(element: etree._Element) -> bool:
    return element.tag == "sup" or bool(_CENTS_CLASS.search(element.get("class") or ""))


def _gap(element: etree._Element) -> str:
    return " " if element.tag in _BREAKING else ""


def page_title(root: etree._Element) -> str:
    """The page's title, folded and shortened, for people to recognise the page by."""
    title = next(root.iter("title"), None)
    if title is None:
        return ""
    return shown_bytes(" ".join(visible_text(title).split()))[:SHOWN_TEXT]
