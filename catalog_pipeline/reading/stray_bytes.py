"""Bytes that a page's charset cannot read: marked where they stand, and refused where they matter.

A stray byte in a page's footer costs none of its products; a value that holds one is an error.
Which charset a page is in, and how that is told, is decided in `charset`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.decoders import decode

OF_THE_PAGE = "in the page's charset"
"""Stands in an error where the name of the charset belongs."""
_SIGN = "\U0010fffd"
_BYTE = 0x10FE00
_PLACE = 0xF0000
_STEP = 1 << 15
"""A stray byte becomes four characters for private use, which no page has in such a row: a sign,
its place in two parts, and the byte itself."""
_MARK = re.compile("\U0010fffd([\U000f0000-\U000f7fff]{2})([\U0010fe00-\U0010feff])")
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a pair of surrogates, which only an escape in JSON can make: no character, and no text
that could be stored."""
_MOST_SPLITS = 1_000
"""Places at which a page in another charset than UTF-8 is taken apart at most: with more of them it
is in another charset than it says."""
_WITH_STATE = frozenset({"iso-2022-jp"})
"""Charsets in which a byte's meaning depends on all that comes before it."""


def decode_marked(body: bytes, name: str, before: int = 0) -> str:
    """The text of a body in the charset of that name, with a mark for each byte that is not valid.

    `before` is how many bytes of the page come before it.

    Raises:
        UnicodeDecodeError: the first of them, where they cannot be told from the others.
    """
    if name == "utf-8" and not before:
        return body.decode("utf-8", _ERRORS)
    try:
        return decode(body, name)
    except UnicodeDecodeError as error:
        if name in _WITH_STATE or len(body) >= _STEP**2:
            raise
        return "".join(_pieces(body, name, error, before))


def check_no_stray_byte(text: str) -> None:
    """Refuse a value that holds a byte which its page's charset cannot read, or half a character.

    Raises:
        ParseError: it does; `OF_THE_PAGE` stands in its sentence for the charset.
    """
    if text.isascii():
        return
    half = _HALF.search(text)
    if half is not None:
        raise ParseError(f"{_escaped(half)} is half of a pair of surrogates, and no character")
    found = _MARK.search(text)
    if found is not None:
        upper, lower = (ord(part) - _PLACE for part in found[1])
        place = upper * _STEP + lower
        raise ParseError(f"byte {place} (0x{_byte(found):02x}) is not valid {OF_THE_PAGE}")


def shown_bytes(text: str) -> str:
    """The text for people to read, in which stray bytes are written as in a Python text."""
    if text.isascii():
        return text
    return _HALF.sub(_escaped, _MARK.sub(lambda found: f"\\x{_byte(found):02x}", text))


def _escaped(half: re.Match[str]) -> str:
    return f"\\u{ord(half[0]):04x}"


def _byte(found: re.Match[str]) -> int:
    return ord(found[2]) - _BYTE


def _marked(octets: bytes, place: int) -> str:
    return "".join(
        f"{_SIGN}{chr(_PLACE + each // _STEP)}{chr(_PLACE + each % _STEP)}{chr(_BYTE + octet)}"
        for each, octet in enumerate(octets, place)
    )


def _pieces(body: bytes, name: str, error: UnicodeDecodeError, before: int) -> Iterator[str]:
    for _ in range(_MOST_SPLITS):
        start, end = error.start, max(error.end, error.start + 1)
        yield decode(body[:start], name) + _marked(body[start:end], before + start)
        body, before = body[end:], before + end
        try:
            yield decode(body, name)
            return
        except UnicodeDecodeError as another:
            error = another
    raise error


def _mark_error(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError) or len(error.object) >= _STEP**2:
        raise error
    return _marked(error.object[error.start : error.end], error.start), error.end


_ERRORS = "catalog_pipeline.stray_bytes"
codecs.register_error(_ERRORS, _mark_error)
