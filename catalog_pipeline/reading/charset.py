"""Which charset a page is in, and its bytes as UTF-8.

The order of precedence is the one of the WHATWG's standards: a byte order mark, the HTTP header,
a `<meta>` in the first 1024 bytes, and UTF-8 where none of them says anything. Labels mean what
browsers take them for (`iso-8859-1` is windows-1252). Nothing is guessed and nothing is replaced:
bytes that are not valid in the page's charset are an error. HTML is not parsed here.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from catalog_pipeline.errors import ParseError

_PRESCAN_BYTES = 1024
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
)
_HEADER_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?\s*([^\s;"']+)""", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta[\s/][^>]*", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"""[\s/"';]charset\s*=\s*["']?\s*([^\s"'/>;]+)""", re.IGNORECASE | re.DOTALL
)
_HTTP_EQUIV = re.compile(rb"""http-equiv\s*=\s*["']?\s*content-type""", re.IGNORECASE)
_CONTENT = re.compile(rb"[\s/\"']content\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Charset:
    """The charset of a page: its label as the page gives it, and what gave it."""

    label: str
    origin: str
    mark_bytes: int = 0


def to_utf8(body: bytes, content_type: str | None) -> bytes:
    """The page as valid UTF-8 without byte order mark.

    NUL characters are left out, as browsers do in a page's text.

    Raises:
        ParseError: the charset is unknown, or the bytes are not valid in it.
    """
    charset = charset_of(body, content_type)
    body = body[charset.mark_bytes :]
    name = _known_encoding(charset)
    try:
        text = name.decode(body, "strict")[0]
    except UnicodeDecodeError as error:
        raise _undecodable(charset, name.name, body, error) from error
    utf8 = body if name.name == "utf-8" else text.encode("utf-8", "replace")
    return utf8.replace(b"\0", b"") if b"\0" in utf8 else utf8


def charset_of(body: bytes, content_type: str | None) -> Charset:
    """Which charset the page claims to be in; it need not be one that exists."""
    for mark, label in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return Charset(label, "byte order mark", len(mark))
    header = _HEADER_CHARSET.search(content_type) if content_type else None
    if header:
        return Charset(header[1], "HTTP header")
    meta = _meta_label(body[:_PRESCAN_BYTES])
    if meta is not None:
        return Charset(meta, "<meta>")
    return Charset("utf-8", "default, as neither header nor <meta> names one")


def _meta_label(head: bytes) -> str | None:
    for tag in _META.finditer(_COMMENT.sub(b"", head)):
        found = _META_CHARSET.search(tag[0])
        if not found:
            continue
        content = _CONTENT.search(tag[0], 0, found.start())
        if content and not _HTTP_EQUIV.search(tag[0]):
            continue
        label = found[1].decode("latin-1")
        # A page that could be read up to here as ASCII is not in UTF-16, whatever it says.
        return "utf-8" if label.lower().startswith("utf-16") else label
    return None


def _known_encoding(charset: Charset) -> codecs.CodecInfo:
    if charset.label.lower() in ("utf-8", "utf8"):
        return codecs.lookup("utf-8")
    import webencodings  # only for pages that are not in UTF-8

    encoding = webencodings.lookup(charset.label)
    if encoding is None:
        raise ParseError(f"unknown charset, from the {charset.origin}", found=charset.label[:200])
    return codecs.lookup("utf-8") if encoding.name == "utf-8" else encoding.codec_info


def _undecodable(charset: Charset, name: str, body: bytes, error: UnicodeDecodeError) -> ParseError:
    offset = error.start + charset.mark_bytes
    around = body[max(0, error.start - 20) : error.start + 20]
    return ParseError(
        f"byte {offset} (0x{body[error.start]:02x}) is not valid {name}, "
        f"which is the page's charset by its {charset.origin}",
        found=repr(around)[2:-1],
    )
