"""What the site answered when a page failed last: one file per page, until the page comes.

For people who look for the reason; nothing is decided by it, so that it is written without waiting
for the disk, and one that cannot be read is none. Pages that came are in `folder_store`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import zstandard

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageKeyError
from catalog_pipeline.records import FailedAnswer
from catalog_pipeline.storing.page_file import pack
from catalog_pipeline.system import durable_files

_MAGIC = b"failed answer 1\n"
_SUFFIX = ".answer"
_MAX_FILE_BYTES = 64 << 20


class _Head(msgspec.Struct):
    url: str
    status: int
    headers: list[tuple[str, str]]


_head_encoder = msgspec.json.Encoder()
# Made once, in the thread that imports: threads that make one at the same time crash the process.
_head_decoder = msgspec.json.Decoder(_Head)


class Evidence:
    """The failed answers of a catalogue's pages, below one folder. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, page: PageKey, answer: FailedAnswer) -> None:
        """Put the answer in the place of the page's last one; without room there is none."""
        head = _Head(answer.url, answer.status, list(answer.headers))
        content = b"".join((_MAGIC, _head_encoder.encode(head), b"\n", pack(answer.body)))
        path = self._path(page)
        temporary = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(path)

    def has(self, page: PageKey) -> bool:
        """Whether an answer of the page is kept."""
        return self._path(page).exists()

    def read(self, page: PageKey) -> FailedAnswer | None:
        """The page's last failed answer; None if there is none that can be read."""
        try:
            content = durable_files.read_plain(self._path(page), max_bytes=_MAX_FILE_BYTES)
            head, _, packed = content.removeprefix(_MAGIC).partition(b"\n")
            found = _head_decoder.decode(head)
            body = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_FILE_BYTES)
        except (OSError, msgspec.DecodeError, zstandard.ZstdError):
            return None
        return FailedAnswer(found.url, found.status, tuple(found.headers), body)

    def forget(self, page: PageKey) -> None:
        """The page has come: its failed answer goes."""
        with suppress(OSError):
            os.unlink(self._path(page))

    def discard_half_written(self) -> None:
        """Remove what killed writers left; for whoever holds the catalogue's crawl lock."""
        for path in self._folder.glob(".*"):
            with suppress(OSError):
                path.unlink()

    def pages(self) -> Iterator[PageKey]:
        """The pages that have one."""
        with suppress(FileNotFoundError):
            for name in os.listdir(self._folder):
                with suppress(PageKeyError):
                    yield PageKey.parse(name.removesuffix(_SUFFIX))

    def _path(self, page: PageKey) -> Path:
        return self._folder / f"{page}{_SUFFIX}"
