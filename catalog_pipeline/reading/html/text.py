"""The text of an element as somebody who looks at the page reads it.

Scripts, styles, templates, the titles of drawings and what other browsers would show instead of a
video or a frame are no text, unless one of them is itself what a selector asked for. Where a
browser breaks the line or begins a cell, words are apart. White space is not folded here.
"""

from __future__ import annotations

from lxml import etree

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

SHOWN_TEXT = 200
"""Characters of a page's text that errors and `try` show at most."""


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


def _gap(element: etree._Element) -> str:
    return " " if element.tag in _BREAKING else ""


def page_title(root: etree._Element) -> str:
    """The page's title, folded and shortened, for people to recognise the page by."""
    title = next(root.iter("title"), None)
    return " ".join(visible_text(title).split())[:SHOWN_TEXT] if title is not None else ""
