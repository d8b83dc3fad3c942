"""What a page says of its own charset, before it can be read as text.

The prescan of the HTML standard: a `<meta>` or an XML declaration in the first 1,024 bytes, and a
`<meta>` behind them, for which a browser begins anew. Labels that nobody knows are passed over,
and a page that could be read so far as ASCII is not in UTF-16, whatever it says. Which of a page,
a header and a YAML counts is decided in `charset`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog_pipeline.catalogue.encodings import encoding_name, is_refused

PRESCAN_BYTES = 1024

_UTF_16_DECLARATIONS = ((b"<\0?\0x\0", "utf-16le"), (b"\0<\0?\0x", "utf-16be"))
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*\?>""")
_TAG = re.compile(rb"<(?:!--|(/?[a-zA-Z][^\s/>]*)|[!/?])")
_ATTRIBUTE = re.compile(
    rb"""[\s/]*(?:>|([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)?))?)"""
)
_META = re.compile(rb"<meta[\s/]", re.IGNORECASE)
_CONTENT_CHARSET = re.compile(
    rb"""charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"'][^\s;]*))""", re.IGNORECASE
)
_RAW_TEXT = frozenset(
    {b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes"}
)


def declared_label(body: bytes) -> tuple[str, str] | None:
    """The label of a page's charset and what on the page gives it, if anything does."""
    for start, label in _UTF_16_DECLARATIONS:
        if body.startswith(start):
            return label, "XML declaration"
    early = next(_meta_labels(body[:PRESCAN_BYTES], in_raw_text=True), None)
    if early is not None:
        return early, "<meta>"
    xml = _XML_ENCODING.match(body[:PRESCAN_BYTES])
    named = _usable(xml[1] or xml[2] or b"") if xml else None
    if named is not None:
        return named, "XML declaration"
    if not _has_late_meta(body, PRESCAN_BYTES - len(b"<meta charset")):
        return None
    late = next(_meta_labels(body, in_raw_text=False), None)
    return None if late is None else (late, "<meta>")


def _has_late_meta(body: bytes, place: int) -> bool:
    """Whether a meta behind `place` may name a charset; each byte is looked at once."""
    while tag := _META.search(body, place):
        end = body.find(b">", tag.end())
        place = len(body) if end < 0 else end
        if b"charset" in body[tag.end() : place].lower():
            return True
    return False


def _meta_labels(body: bytes, *, in_raw_text: bool) -> Iterator[str]:
    """The usable labels of the page's metas; a prescan looks for them in scripts as well."""
    place = 0
    while tag := _TAG.search(body, place):
        name = (tag[1] or b"").lower()
        if tag[0] == b"<!--":
            place = body.find(b"-->", tag.start() + 2) + 3
        elif not name or name.startswith(b"/"):
            place = body.find(b">", tag.end()) + 1
        else:
            attributes, place = _attributes(body, tag.end())
            label = _label(attributes) if name == b"meta" else None
            if label is not None:
                yield label
            if name in _RAW_TEXT and not in_raw_text and place > 0:
                end = re.compile(rb"</" + name, re.IGNORECASE).search(body, place)
                place = end.start() if end else 0
        if place <= tag.start():
            return


def _attributes(body: bytes, place: int) -> tuple[dict[bytes, bytes], int]:
    """The attributes of a tag, and the place behind it: 0 if it has no end."""
    found: dict[bytes, bytes] = {}
    while match := _ATTRIBUTE.match(body, place):
        place = match.end()
        if match[1] is None:
            return found, place
        found.setdefault(match[1].lower(), match[2] or match[3] or match[4] or b"")
    return found, 0


def _label(attributes: dict[bytes, bytes]) -> str | None:
    if b"charset" in attributes:
        return _usable(attributes[b"charset"])
    if attributes.get(b"http-equiv", b"").lower() != b"content-type":
        return None
    content = _CONTENT_CHARSET.search(attributes.get(b"content", b""))
    return _usable(content[1] or content[2] or content[3] or b"") if content else None


def _usable(raw: bytes) -> str | None:
    label = raw.decode("latin-1").strip()
    name = encoding_name(label)
    if name is not None and name.startswith("utf-16"):
        return "utf-8"
    if name == "x-user-defined":
        return "windows-1252"
    return None if name is None and not is_refused(label) else label
