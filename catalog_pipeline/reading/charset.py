"""Which charset a page is in, and its bytes as UTF-8.

The order of precedence is the one of the WHATWG's standards: a byte order mark, what the YAML
says (`encoding`), the HTTP header, what the page itself declares, and UTF-8 where none of them
says anything. Labels mean what browsers take them for (`iso-8859-1` is windows-1252), and labels
that no browser knows are passed over. Nothing is guessed and nothing is replaced: bytes that are
not valid in the page's charset are an error, at once or where a value holds one,
and so are pages whose bytes only look like text in it. What a page declares is found in
`declarations`, bytes are decoded in `decoders`, and marked in `stray_bytes`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from catalog_pipeline.catalogue.encodings import encoding_name, is_refused
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.declarations import declared_label
from catalog_pipeline.reading.decoders import decode
from catalog_pipeline.reading.stray_bytes import OF_THE_PAGE, decode_marked

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
)
_HEADER_CHARSET = re.compile(
    r""";\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", re.IGNORECASE
)
_UTF_16_TAG = re.compile(rb"<\0[!/?a-zA-Z]\0|\0<\0[!/?a-zA-Z]")
_ISO_2022 = re.compile(rb"\x1b(?:\$[@AB]|\$[()][A-D@]|\([BIJ])")


@dataclass(frozen=True, slots=True)
class Charset:
    """The charset of a page: its label as the page gives it, its name, and what gave it."""

    label: str
    origin: str
    name: str
    mark_bytes: int = 0


def to_utf8(body: bytes, content_type: str | None, encoding: str | None = None) -> bytes:
    """The page as valid UTF-8 without byte order mark; `encoding` is what the YAML says.

    NUL characters are left out, as browsers do in a page's text.

    Raises:
        ParseError: the bytes are not valid in the page's charset, or no text in it.
    """
    return in_utf8(body, charset_of(body, content_type, encoding))


def in_utf8(body: bytes, charset: Charset, *, marks_stray_bytes: bool = False) -> bytes:
    """The page, which is in `charset`, as `to_utf8` gives it.

    If asked to, bytes that are not valid are marked, for `stray_bytes` to refuse in a value.
    """
    body = body[charset.mark_bytes :]
    _check_is_text(body, charset)
    is_valid = True
    try:
        text = decode(body, charset.name)
    except UnicodeDecodeError as error:
        if not marks_stray_bytes:
            raise _undecodable(charset, body, error) from error
        is_valid, text = False, _marked(body, charset)
    if b"<" in body and "<" not in text:
        raise _no_text(charset, "the page has no tag in that charset", "utf-8")
    utf8 = body if charset.name == "utf-8" and is_valid else text.encode("utf-8", "replace")
    return utf8.replace(b"\0", b"") if b"\0" in utf8 else utf8


def charset_of(body: bytes, content_type: str | None, encoding: str | None = None) -> Charset:
    """Which charset the page is read in; `encoding` overrules what the site declares.

    Raises:
        ParseError: the site declares one in which browsers show no page.
    """
    for mark, label in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return Charset(label, "byte order mark", label, len(mark))
    for label, origin in _claims(body, content_type, encoding):
        name = encoding_name(label)
        if name is not None:
            return Charset(label, origin, name)
        if is_refused(label):
            raise ParseError(
                f"{label}, the page's charset by its {origin}, is one that browsers refuse to "
                "read; declare `encoding`, such as gbk, if the page is in another"
            )
    return Charset("utf-8", "default, as neither header nor <meta> names one", "utf-8")


def _claims(
    body: bytes, content_type: str | None, encoding: str | None
) -> Iterator[tuple[str, str]]:
    """Labels and what gave them, the strongest first."""
    if encoding is not None:
        yield encoding, "`encoding` in the YAML"
    for header in reversed(_HEADER_CHARSET.findall(content_type or "")):
        yield "".join(header).strip(), "HTTP header"
    declared = declared_label(body)
    if declared is not None:
        yield declared


def _check_is_text(body: bytes, charset: Charset) -> None:
    """What decodes into NULs or escape sequences is in another charset than it says."""
    # Pages that have neither, nearly all, are not searched any further.
    has_nul, has_escape = b"\0" in body, b"\x1b" in body
    if has_nul and not charset.name.startswith("utf-16") and _UTF_16_TAG.search(body):
        raise _no_text(charset, "the page has NULs as UTF-16 has them", "utf-16le")
    if has_escape and charset.name != "iso-2022-jp" and _ISO_2022.search(body):
        raise _no_text(charset, "the page has escape sequences of ISO 2022", "iso-2022-jp")


def _marked(body: bytes, charset: Charset) -> str:
    try:
        return decode_marked(body, charset.name, charset.mark_bytes)
    except UnicodeDecodeError as error:
        raise _undecodable(charset, body, error) from error


def _no_text(charset: Charset, problem: str, hint: str) -> ParseError:
    return ParseError(
        f"{problem}, so it is not in {charset.label}, its charset by its {charset.origin}; "
        f"declare `encoding`, such as {hint}"
    )


def of_charset(problem: str, charset: Charset) -> str:
    """A problem with a byte of a value, with the charset that it is not valid in."""
    return problem.replace(OF_THE_PAGE, _named(charset))


def _named(charset: Charset) -> str:
    return f"{charset.name}, which is the page's charset by its {charset.origin}"


def _undecodable(charset: Charset, body: bytes, error: UnicodeDecodeError) -> ParseError:
    offset = error.start + charset.mark_bytes
    around = body[max(0, error.start - 20) : error.start + 20]
    return ParseError(
        f"byte {offset} (0x{body[error.start]:02x}) is not valid {_named(charset)}",
        found=repr(around)[2:-1],
    )


def stray_byte_in(body: bytes, charset: Charset) -> str | None:
    """What is said of the first byte of a page that is not valid; None if all are."""
    try:
        in_utf8(body, charset)
    except ParseError as error:
        return error.problem
    return None
