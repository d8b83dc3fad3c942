"""Reading a body whole or not at all, within the limits on the wire and after decompression.

How each Content-Encoding is undone belongs in `catalog_pipeline.fetching.content_encoding`.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass

import webencodings

from catalog_pipeline.fetching.answer import Answer
from catalog_pipeline.fetching.content_encoding import DECODERS, Pieces
from catalog_pipeline.fetching.failures import BrokenExchange

MAX_ENCODINGS = 3
_READ_BYTES = 64 * 1024
_WORD = re.compile(r"[a-z0-9_.+/-]{1,40}")
_NO_ENCODINGS = frozenset({"", "identity", "none", "null", "plain", "7bit", "8bit", "binary"})
_UNSUPPORTED = frozenset(
    [
        *("compress", "x-compress", "bzip2", "x-bzip2", "lzma", "xz", "exi", "pack200-gzip"),
        *("aes128gcm", "dcb", "dcz", "sdch"),
    ]
)
"""Encodings that there are, but that were not offered."""
_BODILESS = frozenset({204, 304})
"""Statuses whose answers have no body, whatever Content-Length says."""


@dataclass(frozen=True, slots=True)
class Body:
    """A complete body, decompressed, and its size as it was sent (without chunk framing)."""

    content: bytes
    wire_bytes: int


def read_body(raw: Answer, max_wire_bytes: int, max_decoded_bytes: int) -> Body:
    """The whole body of `raw`.

    What is sent is decompressed as it comes in, so that an oversized body is dropped as soon as its
    pieces exceed a limit; only a body within the limits is joined, and held twice for that moment.

    Raises:
        BrokenExchange: it is too large, short or damaged.
    """
    wire = _Wire(raw, max_wire_bytes)
    pieces = wire.pieces()
    for encoding in reversed(content_encodings(raw)):
        pieces = _limited(DECODERS[encoding](pieces), max_decoded_bytes)
    content = b"".join(_limited(pieces, max_decoded_bytes))
    return Body(content, wire.count)


def read_start(raw: Answer, max_bytes: int) -> Body:
    """The first `max_bytes` of the body and one more if there are more; the rest is not asked for.

    Raises:
        BrokenExchange: the body ends early or is damaged before that.
    """
    wire = _Wire(raw, max_bytes + _READ_BYTES, is_cut=True)
    pieces = wire.pieces()
    for encoding in reversed(content_encodings(raw)):
        pieces = DECODERS[encoding](pieces)
    start = bytearray()
    for piece in pieces:
        start += piece[: max_bytes + 1 - len(start)]
        if len(start) > max_bytes:
            raw.close()
            break
    return Body(bytes(start), wire.count)


def content_encodings(raw: Answer) -> list[str]:
    """The encodings in the order they were applied.

    What is no encoding (`none`, a charset, a word of its own) says nothing of the body, and
    browsers show it as it is.

    Raises:
        BrokenExchange: one of them was not offered.
    """
    text = raw.headers.get("Content-Encoding", "")
    encodings = [name for name in _listed(text) if not _is_no_encoding(name)]
    is_word = len(encodings) == 1 and _WORD.fullmatch(encodings[0]) is not None
    if is_word and encodings[0] not in {*DECODERS, *_UNSUPPORTED}:
        return []
    if len(encodings) > MAX_ENCODINGS or any(name not in DECODERS for name in encodings):
        raise BrokenExchange(
            "encoding_unknown", "the body is compressed in a way that was not offered"
        )
    return encodings


def _listed(text: str) -> list[str]:
    return [name.strip().lower() for name in text.split(",")]


def _is_no_encoding(name: str) -> bool:
    return name in _NO_ENCODINGS or webencodings.lookup(name) is not None


def declared_length(raw: Answer) -> int | None:
    """Content-Length, if it is given and counts.

    Raises:
        BrokenExchange: the framing is contradictory.
    """
    if raw.status in _BODILESS:
        return None
    transfer = _transfer_encoding(raw)
    if transfer == "chunked":
        return None
    if transfer not in ("", "identity"):
        raise BrokenExchange("protocol", "the Transfer-Encoding is not chunked")
    lengths = _lengths(raw)
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()) or len(length) > 18:
        raise _not_one_length()
    return int(length)


def require_one_length(raw: Answer) -> None:
    """Refuse an answer of which nobody can say where it ends, whatever its status.

    Raises:
        BrokenExchange: its lengths contradict each other.
    """
    if _transfer_encoding(raw) != "chunked" and len(_lengths(raw)) > 1:
        raise _not_one_length()


def _not_one_length() -> BrokenExchange:
    return BrokenExchange("protocol", "the Content-Length is not one number")


def _transfer_encoding(raw: Answer) -> str:
    return raw.headers.get("Transfer-Encoding", "").strip().lower()


def _lengths(raw: Answer) -> set[str]:
    return {part.strip() for part in raw.headers.get("Content-Length", "").split(",")} - {""}


def discard_body(raw: Answer) -> None:
    """Read a short body that nobody wants, to keep the connection; give up on a long one."""
    try:
        for _ in _Wire(raw, _READ_BYTES).pieces():
            pass
    except BrokenExchange:
        raw.close()


class _Wire:
    """A body as sent; `count` is the number of bytes read so far.

    One that exceeds `max_bytes` is refused, or else `is_cut` there.
    """

    def __init__(self, raw: Answer, max_bytes: int, *, is_cut: bool = False) -> None:
        self._raw = raw
        self._max_bytes = max_bytes
        self._is_cut = is_cut
        self._declared = declared_length(raw)
        self.count = 0
        if self._declared is not None and self._declared > max_bytes and not is_cut:
            raise _too_large(max_bytes, "as declared")

    def pieces(self) -> Iterator[bytes]:
        """The body piece by piece.

        Raises:
            BrokenExchange: it ends early.
        """
        while piece := self._read():
            self.count += len(piece)
            if self.count > self._max_bytes and self._is_cut:
                yield piece
                return
            if self.count > self._max_bytes:
                raise _too_large(self._max_bytes, "on the wire")
            yield piece
            if self.count == self._declared:
                return
        if self._declared is not None and self.count < self._declared:
            raise _short_body()
        if self._raw.is_cut_short:
            raise _short_body()

    def _read(self) -> bytes:
        try:
            return self._raw.read(_READ_BYTES)
        except (http.client.HTTPException, ValueError):
            raise _short_body() from None


def _limited(pieces: Pieces, max_bytes: int) -> Pieces:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise _too_large(max_bytes, "decompressed")
        yield piece


def _too_large(max_bytes: int, where: str) -> BrokenExchange:
    return BrokenExchange("too_large", f"the body exceeds {max_bytes} bytes {where}")


def _short_body() -> BrokenExchange:
    return BrokenExchange("short_body", "the body ended early")
