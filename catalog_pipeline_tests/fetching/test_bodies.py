import gzip
import random
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.content_encoding import DECODERS, PIECE_BYTES
from catalog_pipeline.fetching.failures import BrokenExchange
from catalog_pipeline.records import Response
from catalog_pipeline_tests.fetching.raw_server import catalogue_at, page, raw_server, sends

_HTML = b"<html>" + b"<li>Gel\xc3\xa9e</li>" * 2000 + b"</html>"
_LIMITS = {"max_body_bytes": 200_000, "max_decoded_bytes": 1_000_000}


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def _brotli(data: bytes) -> bytes:
    return brotli.compress(data, quality=5)


_ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate with zlib wrapper": ("deflate", zlib.compress),
    "raw deflate": ("deflate", _raw_deflate),
    "brotli": ("br", _brotli),
    "zstandard": ("zstd", zstandard.ZstdCompressor().compress),
}
_ALL_ENCODERS = pytest.mark.parametrize(
    ("encoding", "encode"), _ENCODERS.values(), ids=_ENCODERS.keys()
)


def _got(answer: bytes, **attributes: Any) -> Response:
    with raw_server(sends(answer)) as server:
        catalogue = catalogue_at(server.url, **{"limits": _LIMITS, **attributes})
        response = Exchange(catalogue).get(f"{server.url}/p", page=PageKey(3))
    assert isinstance(response, Response)
    return response


def _refusal(answer: bytes, **attributes: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        _got(answer, **attributes)
    assert caught.value.page == PageKey(3)
    return caught.value


def _chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", headers: tuple[str, ...] = ()) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers, "", ""]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return "\r\n".join(lines).encode() + framed + end


@_ALL_ENCODERS
def test_a_compressed_body_is_decompressed(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    sent = encode(_HTML)
    response = _got(page(sent, f"Content-Encoding: {encoding}"))
    assert response.body == _HTML
    assert response.wire_bytes == len(sent)


@_ALL_ENCODERS
def test_a_body_that_ends_anywhere_near_a_pieces_edge_is_whole(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    """A decoder may hold output back after it has taken all its input."""
    for size in [*range(PIECE_BYTES - 2, PIECE_BYTES + 300), 98_273, 3 * PIECE_BYTES, 5_000_000]:
        sent = encode(bytes(size))
        pieces = DECODERS[encoding](iter([sent[:10], sent[10:]]))
        assert sum(map(len, pieces)) == size


def test_several_encodings_are_undone_in_reverse_order() -> None:
    sent = _brotli(gzip.compress(_HTML))
    assert _got(page(sent, "Content-Encoding: gzip, identity, BR")).body == _HTML


@pytest.mark.parametrize("encode", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_body_of_several_members_is_read_to_its_end(encode: Callable[[bytes], bytes]) -> None:
    encoding = "gzip" if encode is gzip.compress else "zstd"
    sent = encode(b"<html>") + encode(b"") + encode(b"</html>")
    assert _got(page(sent, f"Content-Encoding: {encoding}")).body == b"<html></html>"


def test_bytes_after_the_end_of_gzip_are_ignored_as_browsers_do() -> None:
    assert _got(page(gzip.compress(_HTML) + b"\0\0junk", "Content-Encoding: gzip")).body == _HTML


@_ALL_ENCODERS
def test_compressed_data_cut_short_is_refused(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    """The Content-Length is right; it is the server that lost the end before sending."""
    sent = encode(_HTML)[:-9]
    assert _refusal(page(sent, f"Content-Encoding: {encoding}")).kind == "decoding"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_data_that_is_not_compressed_as_declared_is_refused(encoding: str) -> None:
    sent = random.Random(1).randbytes(5000)
    assert _refusal(page(sent, f"Content-Encoding: {encoding}")).kind == "decoding"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_an_empty_compressed_body_is_refused(encoding: str) -> None:
    assert _refusal(page(b"", f"Content-Encoding: {encoding}")).kind == "decoding"


@_ALL_ENCODERS
def test_a_bomb_is_refused(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    sent = encode(bytes(32 * 1024 * 1024))
    assert len(sent) < _LIMITS["max_body_bytes"]
    refusal = _refusal(page(sent, f"Content-Encoding: {encoding}"))
    assert refusal.kind == "too_large"
    assert "1000000 bytes decompressed" in str(refusal)


def test_a_bomb_within_a_bomb_is_refused_although_little_would_come_out() -> None:
    inner = gzip.compress(b"") * 500_000
    sent = gzip.compress(inner)
    refusal = _refusal(page(sent, "Content-Encoding: gzip, gzip"))
    assert refusal.kind == "too_large"


@pytest.mark.parametrize(
    "encoding", ["compress", "exi", "gzip, nonsense", "gzip, gzip, gzip, gzip"]
)
def test_an_encoding_that_was_not_offered_is_refused(encoding: str) -> None:
    assert _refusal(page(_HTML, f"Content-Encoding: {encoding}")).kind == "encoding_unknown"


def test_a_zstandard_window_beyond_the_limit_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    sent = compressor.compress(_HTML) + compressor.flush()
    assert _refusal(page(sent, "Content-Encoding: zstd")).kind == "decoding"


def test_a_declared_length_beyond_the_limit_is_refused_before_reading() -> None:
    refusal = _refusal(page(b"", "Content-Length: 200001"))
    assert refusal.kind == "too_large"
    assert "declared" in str(refusal)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n\r\n" + bytes(200_001),
        _chunked(bytes(100_000), bytes(100_001)),
        _chunked(*[b"x"] * 60_000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + bytes(9_000_000),
        _chunked(_HTML, end=b"0\r\n" + b"Trailer: x\r\n" * 60_000 + b"\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 60_000 + b"\r\n" * 9,
    ],
    ids=["until close", "chunked", "tiny chunks", "negative chunk", "trailers", "extension"],
)
def test_an_undeclared_body_beyond_the_limit_is_refused(answer: bytes) -> None:
    assert _refusal(answer).kind in ("too_large", "short_body")


def test_a_body_of_just_the_limit_is_accepted() -> None:
    assert len(_got(page(bytes(200_000))).body) == 200_000


@pytest.mark.parametrize(
    "answer",
    [
        page(_HTML[:-1], f"Content-Length: {len(_HTML)}"),
        page(b"", "Content-Length: 5"),
        _chunked(_HTML, end=b""),
        _chunked(_HTML, end=b"0\r\n"),
        _chunked(_HTML, end=b"0"),
        _chunked(_HTML, end=b"000"),
        _chunked(end=b""),
        _chunked(end=b"ff\r\nshort"),
        _chunked(end=b"xyz\r\n"),
        _chunked(end=b"-5\r\nabc\r\n"),
    ],
)
def test_a_body_that_ends_early_is_refused(answer: bytes) -> None:
    assert _refusal(answer).kind == "short_body"


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5, 6"],
        ["Content-Length: -1"],
        ["Content-Length: 1_0"],
        ["Content-Length: five"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: gzip"],
    ],
)
def test_contradictory_framing_is_refused(headers: list[str]) -> None:
    head = "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode()
    assert _refusal(head + b"hello").kind == "protocol"


@pytest.mark.parametrize(
    "answer",
    [
        _chunked(_HTML[:7], _HTML[7:]),
        _chunked(*(_HTML[at : at + 997] for at in range(0, len(_HTML), 997))),
        b"HTTP/1.0 200 OK\r\n\r\n" + _HTML,
        page(_HTML, f"Content-Length: {len(_HTML)}", f"Content-Length: {len(_HTML)}"),
    ],
    ids=["chunked", "many chunks", "until close", "the same length twice"],
)
def test_a_whole_body_is_read_however_it_is_framed(answer: bytes) -> None:
    assert _got(answer).body == _HTML


@given(st.sampled_from(sorted(_ENCODERS)), st.binary(max_size=5000), st.integers(1, 700), st.data())
@settings(max_examples=150)
def test_however_the_pieces_are_cut_the_data_come_out_or_an_error(
    name: str, data: bytes, size: int, draw: st.DataObject
) -> None:
    """Whole data come out as they went in, in bounded pieces; altered data never crash."""
    encoding, encode = _ENCODERS[name]
    sent = encode(data)
    cut = [sent[at : at + size] for at in range(0, len(sent), size)]
    pieces = list(DECODERS[encoding](iter(cut)))
    assert b"".join(pieces) == data
    position = draw.draw(st.integers(0, len(sent) - 1))
    altered = sent[:position] + draw.draw(st.binary(max_size=3)) + sent[position + 1 :]
    with suppress(BrokenExchange):
        b"".join(DECODERS[encoding](iter([altered])))


@pytest.mark.parametrize(
    ("encoding", "most"),
    [
        ("gzip", PIECE_BYTES),
        ("deflate", PIECE_BYTES),
        ("br", 2 * PIECE_BYTES),
        ("zstd", 2 * 1024 * 1024),
    ],
)
def test_no_piece_is_larger_than_promised(encoding: str, most: int) -> None:
    encode = next(encode for name, encode in _ENCODERS.values() if name == encoding)
    sent = encode(bytes(16 * 1024 * 1024))
    assert max(map(len, DECODERS[encoding](iter([sent])))) <= most


@pytest.mark.processes
def test_memory_stays_bounded_with_sixteen_threads_against_bombs() -> None:
    """Each thread may hold its limits, 10 + 20 MiB, and zstandard's window of 8 MiB."""
    done = subprocess.run(
        [sys.executable, "-m", "catalog_pipeline_tests.fetching.bomb_memory"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    grown_mebibytes, *refused = done.stdout.split()
    assert Counter(refused) == {"too_large": 16 * 7, "protocol": 16}
    assert int(grown_mebibytes) < 16 * (10 + 20 + 8)
