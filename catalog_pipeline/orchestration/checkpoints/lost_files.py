"""Done pages whose files are gone from where they were stored, found by names alone.

For whoever asks before a run or a build meets them, which read the files themselves.
"""

from __future__ import annotations

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.instance.history import Source, history_of
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.damage import without_newer_file
from catalog_pipeline.storing.stores import page_store
from catalog_pipeline.wording import counted


def told_of_lost_files(source: Source, catalogue: Catalogue) -> str | None:
    """How many done pages have no file, which, and what becomes of them; None if all have one.

    Raises:
        StorageError: the files cannot be listed.
    """
    history = history_of(source)
    catalogue = with_known_pages(history, catalogue)
    places = catalogue_places(catalogue.name)
    # By checkpoints alone: which run a page was left by is more than the storage's tables may tell.
    kept = read_checkpoints(history, catalogue, catalogue.pages)
    store = page_store(places)
    there = set(map(str, store.files())) if kept else set()
    lost = {page: stored for page, stored in kept.items() if stored.file_name not in there}
    if lost:
        for_good = without_newer_file(lost.values(), store)
        lost = {page: stored for page, stored in lost.items() if page in for_good}
        # A file that a crawl has replaced meanwhile went after its page was recorded again.
        now = read_checkpoints(history, catalogue, lost)
        lost = {page: stored for page, stored in lost.items() if now.get(page) == stored}
    if not lost:
        return None
    pages = counted(len(lost), "done page")
    have = "has no file" if len(lost) == 1 else "have no file"
    return (
        f"{pages} {have} in {places.told(places.pages)} (pages {format_pages(lost)}). Put a copy "
        f"back, or let catalog-pipeline run {catalogue.name} download them again; a build before "
        f"leaves them out of the table"
    )
