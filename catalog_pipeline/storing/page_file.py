"""The format of a page file: one downloaded page with its record, its rows and its body.

A file is four parts: a line that names the format, a line of JSON (the record and the sizes of
what follows), the parsed rows as compressed JSON, the body as compressed bytes. Compression is
Zstandard. Where files are kept belongs in `catalog_pipeline.storing.folder_store`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass
from datetime import datetime, timezone

import msgspec
import zstandard

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageKeyError, StoredPageError
from catalog_pipeline.records import Columns, PageRecord

_MAGIC = b"catalogue page 1\n"
_LEVEL = 3
_MAX_PART_BYTES = 1 << 30
MAX_FILE_BYTES = 2 * _MAX_PART_BYTES + (16 << 20)
"""Header, rows and body; what is longer was not written by a crawl."""
_STAMP = re.compile(
    r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{6})Z",  # strptime costs ten times as much
    re.ASCII,
)
_HASH_DIGITS = 16
_local = threading.local()


class _Header(msgspec.Struct):
    record: PageRecord
    rows_size: int
    body_size: int


def _plain_key(value: object) -> object:
    if isinstance(value, PageKey):
        return value.plain
    raise NotImplementedError(f"{value!r} has no place in a page file")


def _key_of_plain(kind: type, value: object) -> object:
    try:
        return PageKey.from_plain(value) if kind is PageKey else value
    except PageKeyError as error:
        raise ValueError(str(error)) from error


_header_encoder = msgspec.json.Encoder(enc_hook=_plain_key)
# Made once, in the thread that imports: threads that make one at the same time (as each first
# `decode(type=...)` does) crash the process.
_header_decoder = msgspec.json.Decoder(_Header, dec_hook=_key_of_plain)


@dataclass(frozen=True)
class PageFile:
    """The content of a page file; rows and body are decompressed when asked for."""

    record: PageRecord
    packed_rows: bytes
    packed_body: bytes

    @property
    def columns(self) -> Columns:
        """The parsed rows; `StoredPageError` if they cannot be read."""
        try:
            columns: Columns = msgspec.json.decode(self.rows_json)
        except msgspec.DecodeError as error:
            problem = f"its stored rows are no JSON: {error}"
            raise StoredPageError(problem, page=self.record.page) from error
        return columns

    @property
    def rows_json(self) -> bytes:
        """The parsed rows as JSON; `StoredPageError` if they do not decompress."""
        return self._unpack(self.packed_rows)

    @property
    def rows_bytes(self) -> int:
        """What the rows will take as JSON; as much as may be if the file does not say it."""
        try:
            size: int = zstandard.frame_content_size(self.packed_rows)
        except zstandard.ZstdError:
            return 0
        return size if size >= 0 else _MAX_PART_BYTES

    @property
    def body(self) -> bytes:
        """The body as the server sent it, without its transfer's compression."""
        return self._unpack(self.packed_body)

    def _unpack(self, packed: bytes) -> bytes:
        try:
            return _unpack(packed)
        except zstandard.ZstdError as error:
            problem = f"its stored file does not decompress: {error}"
            raise StoredPageError(problem, page=self.record.page) from error


@dataclass(frozen=True, order=True)
class FileName:
    """What the name of a page file tells: page, time of the fetch, start of the file's SHA-256."""

    page: PageKey
    fetched_at: datetime
    digest: str

    def __str__(self) -> str:
        at = self.fetched_at.astimezone(timezone.utc)
        day = f"{at.year:04}{at.month:02}{at.day:02}"
        time_of_day = f"{at.hour:02}{at.minute:02}{at.second:02}{at.microsecond:06}"
        return f"{self.page}-{day}T{time_of_day}Z-{self.digest}.page"

    @classmethod
    def parse(cls, text: str) -> FileName | None:
        """The parts of a page file's name; None if `text` is no such name."""
        stem, dot, suffix = text.rpartition(".")
        rest, _, digest = stem.rpartition("-")
        page, _, stamp = rest.rpartition("-")
        parts = _STAMP.fullmatch(stamp)
        is_name = dot and suffix == "page" and len(digest) == _HASH_DIGITS
        if parts is None or not is_name:
            return None
        try:
            fetched_at = datetime(*map(int, parts.groups()), tzinfo=timezone.utc)  # type: ignore[arg-type,misc]
            return cls(PageKey.parse(page), fetched_at, digest)
        except (ValueError, PageKeyError):
            return None


def rows_json(columns: Columns) -> bytes:
    """The rows as the file holds them before compression."""
    return msgspec.json.encode(columns)


def data_version(rows: bytes) -> str:
    """A hash of the parsed rows: equal exactly for pages with equal rows."""
    return hashlib.sha256(rows).hexdigest()[:32]


def encode(record: PageRecord, rows: bytes, body: bytes) -> bytes:
    """The content of a page file; `rows` as `rows_json` gave them."""
    return encode_packed(PageFile(record, pack(rows), pack(body)))


def pack(content: bytes) -> bytes:
    """Rows or a body as the file holds them."""
    packed: bytes = _compressor().compress(content)
    return packed


def encode_packed(file: PageFile) -> bytes:
    """The content of a page file whose rows and body are compressed already."""
    header = _Header(file.record, len(file.packed_rows), len(file.packed_body))
    parts = (_MAGIC, _header_encoder.encode(header), b"\n", file.packed_rows, file.packed_body)
    return b"".join(parts)


def is_page_file(content: bytes) -> bool:
    """Whether the content begins as that of a page file."""
    return content.startswith(_MAGIC)


def decode(content: bytes, *, page: PageKey, name: str) -> PageFile:
    """Read the content of a page file.

    Raises:
        StoredPageError: it is no page file, or not whole.
    """
    start = len(_MAGIC)
    end = content.find(b"\n", start)
    if not content.startswith(_MAGIC) or end < 0:
        raise StoredPageError(f"stored file {name} is no page file", page=page)
    try:
        header = _header_decoder.decode(content[start:end])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise StoredPageError(f"stored file {name} has a bad header: {error}", page=page) from error
    rows_end = end + 1 + header.rows_size
    if len(content) != rows_end + header.body_size:
        raise StoredPageError(f"stored file {name} is cut short", page=page)
    return PageFile(header.record, content[end + 1 : rows_end], content[rows_end:])


def verify(file: PageFile, *, name: str) -> None:
    """Make sure that rows and body can be had, as the record counts them.

    Raises:
        StoredPageError: they cannot, or are not what the record says.
    """
    record = file.record
    verify_rows(file.columns, record, name=name)
    if len(file.body) != record.body_bytes:
        problem = f"stored file {name} does not hold a body of {record.body_bytes} bytes"
        raise StoredPageError(problem, page=record.page)


def verify_rows(columns: Columns, record: PageRecord, *, name: str) -> None:
    """Make sure that every column has as many cells as the record counts rows.

    Raises:
        StoredPageError: they have not.
    """
    is_table = isinstance(columns, dict) and all(isinstance(c, list) for c in columns.values())
    if not is_table or any(len(cells) != record.rows for cells in columns.values()):
        problem = f"stored file {name} does not hold {record.rows} whole rows"
        raise StoredPageError(problem, page=record.page)


def file_digest(content: bytes) -> str:
    """SHA-256 of a page file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def name_of(record: PageRecord, digest: str) -> FileName:
    """The name under which a page file of that record and SHA-256 is stored."""
    return FileName(record.page, record.fetched_at, digest[:_HASH_DIGITS])


def _compressor() -> zstandard.ZstdCompressor:
    """A compressor of this thread: making one costs more than a page, sharing one is unsafe."""
    compressor = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    return compressor


def _unpack(packed: bytes) -> bytes:
    decompressor = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    unpacked: bytes = decompressor.decompress(packed, max_output_size=_MAX_PART_BYTES)
    return unpacked
