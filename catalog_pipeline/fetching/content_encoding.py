"""Undoing Content-Encoding piece by piece, so that a small body cannot become a large one.

Each decoder turns a stream of pieces into a stream of pieces of about `PIECE_BYTES` at the most
(zstandard: 2 MiB); damaged or unfinished data is a BrokenExchange of kind `decoding`.
Limits on the sum of the pieces belong in `catalog_pipeline.fetching.bodies`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

import brotli
import zstandard

from catalog_pipeline.fetching.failures import BrokenExchange

Pieces: TypeAlias = "Iterator[bytes]"

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
PIECE_BYTES = 64 * 1024
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
"""What RFC 9659 lets a server assume."""
_ZSTD_STEP_BYTES = 64
"""Four bytes can stand for a block of 128 KiB, so a step yields 2 MiB at the most."""


def gunzipped(pieces: Pieces) -> Pieces:
    """Undo gzip, of one member or several; what follows the last one is ignored."""
    decoder = zlib.decompressobj(31)
    for piece in pieces:
        while piece:
            if decoder.eof:
                if not piece.startswith(b"\x1f"):
                    break
                decoder = zlib.decompressobj(31)
            yield from _inflated(decoder, piece)
            piece = decoder.unused_data
    _require(decoder.eof)


def inflated(pieces: Pieces) -> Pieces:
    """Undo deflate, with the zlib wrapper that the standard asks for or without it."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= 2:
            break
    _require(len(head) >= 2)
    is_wrapped = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    decoder = zlib.decompressobj(15 if is_wrapped else -15)
    yield from _inflated(decoder, head)
    for piece in pieces:
        yield from _inflated(decoder, piece)
    _require(decoder.eof)


def unbrotlied(pieces: Pieces) -> Pieces:
    """Undo brotli."""
    decoder = brotli.Decompressor()
    for piece in pieces:
        try:
            yield decoder.process(piece, output_buffer_limit=PIECE_BYTES)
            while not decoder.is_finished():
                rest = decoder.process(b"", output_buffer_limit=PIECE_BYTES)
                if not rest and decoder.can_accept_more_data():
                    break
                yield rest
        except brotli.error:
            raise _damaged() from None
    _require(decoder.is_finished())


def unzstandarded(pieces: Pieces) -> Pieces:
    """Undo zstandard, of one frame or several."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    decoder = decompressor.decompressobj()
    for piece in pieces:
        for start in range(0, len(piece), _ZSTD_STEP_BYTES):
            step = piece[start : start + _ZSTD_STEP_BYTES]
            while step:
                if decoder.eof:
                    decoder = decompressor.decompressobj()
                try:
                    yield decoder.decompress(step)
                except zstandard.ZstdError:
                    raise _damaged() from None
                step = decoder.unused_data
    _require(decoder.eof)


DECODERS: dict[str, Callable[[Pieces], Pieces]] = {
    "gzip": gunzipped,
    "x-gzip": gunzipped,
    "deflate": inflated,
    "br": unbrotlied,
    "zstd": unzstandarded,
}


def _inflated(decoder: zlib._Decompress, piece: bytes) -> Pieces:
    try:
        while not decoder.eof:
            out = decoder.decompress(piece, PIECE_BYTES)
            yield out
            piece = decoder.unconsumed_tail
            if not piece and len(out) < PIECE_BYTES:
                return
    except zlib.error:
        raise _damaged() from None


def _require(is_complete: bool) -> None:
    if not is_complete:
        raise BrokenExchange("decoding", "the compressed body is cut short")


def _damaged() -> BrokenExchange:
    return BrokenExchange("decoding", "the compressed body is damaged")
