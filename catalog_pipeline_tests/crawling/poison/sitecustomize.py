"""Makes pages a danger to worker processes: Python imports this module at the start of each.

A page may crash the process while it is read, as a mistake in a library in C does, or break what
reads it; hold it up for ever, as a pattern or a selector does; fill its memory; take long to be
stored; or, once, end the process when it is stored and nobody knows, stop it when it is read, or
keep it from ever storing it.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

if "catalog_pipeline.crawling.working.process" in sys.orig_argv:
    from catalog_pipeline.reading import watch
    from catalog_pipeline.reading.html import listing
    from catalog_pipeline.reading.html.listing import ListingParser
    from catalog_pipeline.records import StoredPage
    from catalog_pipeline.storing.folder_store import FolderStore

    dangers: dict[str, list[int]] = json.loads(os.environ["CATALOG_PIPELINE_TESTS_DANGERS"])
    parsing = threading.local()
    harmless_read, harmless_write = ListingParser.read, FolderStore.write

    def read(self: ListingParser, body: bytes, **of_page: Any) -> Any:
        """Read a page, if that does not end the process."""
        number = parsing.page = of_page["page"].number
        if number in dangers.get("crash", []):
            signal.raise_signal(signal.SIGSEGV)
        if number in dangers.get("break", []):
            raise MemoryError("nobody foresaw this")
        if number in dangers.get("stop once when read", []) and is_first():
            signal.raise_signal(signal.SIGSTOP)
        if number in dangers.get("hang", []):
            re.search(r"(a+)+b", "a" * 200)
        if number in dangers.get("hog", []):
            hog = bytearray(400 * 2**20)
            hog[::4096] = b"x" * len(hog[::4096])
            time.sleep(60)
        return harmless_read(self, body, **of_page)

    def is_first() -> bool:
        """Whether no process has come here."""
        once = Path(os.environ["CATALOG_PIPELINE_TESTS_ONCE"])
        if once.exists():
            return False
        once.touch()
        return True

    def write(self: FolderStore, *arguments: Any) -> StoredPage:
        """Store a page, slowly if so named, or die of it or stand still at it the first time."""
        if arguments[0].page.number in dangers.get("stand still once", []) and is_first():
            threading.Event().wait()
        stored = harmless_write(self, *arguments)
        if stored.record.page.number in dangers.get("slow to store", []):
            time.sleep(2)
        if stored.record.page.number in dangers.get("die when stored", []) and is_first():
            os.kill(os.getpid(), signal.SIGKILL)
        return stored

    def begin_field(number: int, name: str) -> None:
        """Note a field, and hang at the third one of the page that is named."""
        watch.field_begins(number, name)
        if number == 3 and parsing.page in dangers.get("hang at third field", []):
            re.search(r"(a+)+b", "a" * 200)

    listing.field_begins = begin_field
    ListingParser.read = read  # type: ignore[method-assign]
    FolderStore.write = write  # type: ignore[method-assign,assignment]
