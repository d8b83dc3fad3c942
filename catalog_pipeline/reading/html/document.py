"""From a page's bytes to a tree, guarded against markup made to harm the parser.

What libxml2 does by itself: it stops at a nesting of 256 and at texts of 10 million bytes, and
hands out the tree built so far as if nothing had happened; here that is an error. Pages that leave
many tags open are deeper, and browsers show them: their tree is built here, element by element as
the parser finds them, to a depth of its own. What libxml2 does not guard against is checked before:
the time for one tag grows with the square of its attributes (100,000 take 12 seconds), and each
element takes some 140 bytes of memory.
Selectors and values do not belong here.
"""

from __future__ import annotations

import re

from lxml import etree

from catalog_pipeline.errors import ParseError

MAX_ATTRIBUTES_OF_A_TAG = 2_000
MAX_ATTRIBUTES = 1_000_000
MAX_TAGS = 500_000
MAX_DEPTH = 5_000
_TOO_DEEP = "Excessive depth"
_HARMLESS_BYTES = 64 * 1024
"""A page of this size parses in well under a second whatever is in it."""
_BLOCK_BYTES = 3_000
"""A tag with too many attributes is at least two blocks long."""

_QUOTED_TAG_END = re.compile(rb"""=\s*(?:"[^">]*>|'[^'>]*>)""")
_TAG_START = re.compile(rb"<[a-zA-Z][^\s/>]*")
_ATTRIBUTE = re.compile(
    rb"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s>"'][^\s>]*))?"""
)


def parse_document(utf8: bytes) -> etree._Element:
    """The tree of a page, comments left out.

    Raises:
        ParseError: the page is empty, or exceeds a limit on nesting, attributes, tags or text.
    """
    _check_markup(utf8)
    root, last = _tree(utf8, None)
    if last is not None and _TOO_DEEP in (last.message or ""):
        root, last = _tree(utf8, _DeepTree())
    if last is not None:
        raise ParseError(f"the page's markup exceeds what is parsed: {_without_advice(last)}")
    if root is None:
        raise ParseError(f"the page is empty: {len(utf8)} bytes, without any markup or text")
    return root


class _DeepTree:
    """Builds the tree of a page whose tags are nested deeper than libxml2 goes."""

    def __init__(self) -> None:
        self._builder = etree.TreeBuilder()
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> etree._Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ParseError(
                f"the page's markup exceeds what is parsed: {_TOO_DEEP} in document: {MAX_DEPTH}"
            )
        return self._builder.start(tag, attributes)

    def end(self, tag: str) -> etree._Element:
        self._depth -= 1
        return self._builder.end(tag)

    def data(self, text: str) -> None:
        self._builder.data(text)

    def close(self) -> etree._Element | None:
        # Called at a page that is refused, too, whose tree is not whole.
        return self._builder.close() if self._depth == 0 else None


def _tree(
    utf8: bytes, target: _DeepTree | None
) -> tuple[etree._Element | None, etree._LogEntry | None]:
    """The tree, and what ended it before the end of the page, if anything did."""
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, target=target
    )
    try:
        root = etree.fromstring(utf8, parser)
    except etree.XMLSyntaxError as error:
        raise ParseError(f"the page of {len(utf8)} bytes is no HTML: {error}") from error
    last = parser.error_log.last_error
    return root, last if last is not None and last.level == etree.ErrorLevels.FATAL else None


def drop_templates(root: etree._Element) -> None:
    """Empty the `template` elements: what is in them is no part of the page, in a browser too."""
    for template in list(root.iter("template")):
        tail = template.tail
        template.clear(keep_tail=False)
        template.tail = tail


def _without_advice(entry: etree._LogEntry) -> str:
    """The parser's message without its hint at an option that nobody can set here."""
    message = re.sub(r",? (?:use|try) XML_PARSE_HUGE.*", "", entry.message or "no reason given")
    return f"{message.strip()} (line {entry.line})"


def _check_markup(page: bytes) -> None:
    if len(page) <= _HARMLESS_BYTES:
        return
    tags = page.count(b"<")
    if tags > MAX_TAGS:
        raise ParseError(f"the page has {tags} tags; {MAX_TAGS} are the most that is parsed")
    if _may_hold_a_long_tag(page):
        _check_attributes(page)


def _may_hold_a_long_tag(page: bytes) -> bool:
    """Cheap, and right when it says no: a long tag has a block without `>`, or a quoted `>`."""
    starts = range(0, len(page), _BLOCK_BYTES)
    if any(page.find(b">", start, start + _BLOCK_BYTES) < 0 for start in starts):
        return True
    return _QUOTED_TAG_END.search(page) is not None


def _check_attributes(page: bytes) -> None:
    """Count the different attributes behind everything that may be a tag.

    Scripts and quoted texts are looked into as well: where they end is what harmful markup would
    deceive about. No place is read twice, so the work grows with the page only.
    """
    read: set[int] = set()
    names: set[bytes] = set()
    end, attributes = 0, 0
    for start in _TAG_START.finditer(page):
        if start.start() >= end:
            attributes += len(read)
            read, names = set(), set()
        place = start.end()
        while place not in read and (attribute := _ATTRIBUTE.match(page, place)):
            read.add(place)
            names.add(attribute[1])
            place = attribute.end()
            if len(names) > MAX_ATTRIBUTES_OF_A_TAG:
                raise ParseError(
                    f"a tag has more than {MAX_ATTRIBUTES_OF_A_TAG} attributes, "
                    f"the most that is parsed",
                    found=start[0][:200].decode("utf-8", "replace"),
                )
            if attributes + len(read) > MAX_ATTRIBUTES:
                raise ParseError(f"the page has more than {MAX_ATTRIBUTES} attributes")
        end = max(end, place)
