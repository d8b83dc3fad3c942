"""What is wrong with stored files: they are read and verified, many at a time.

What becomes of a page whose file is damaged is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.page_file import FileName
from catalog_pipeline.storing.reading_ahead import read_ahead
from catalog_pipeline.storing.store import Store


def damages_of(checkpoints: Sequence[StoredPage], store: Store) -> dict[PageKey, str]:
    """What is wrong with the stored files of checkpoints, of those with which something is."""
    found = read_ahead(store, checkpoints, partial(damage_of, store=store))
    pairs = zip(checkpoints, found, strict=True)
    return {stored.record.page: problem for stored, problem in pairs if problem is not None}


def without_newer_file(checkpoints: Iterable[StoredPage], store: Store) -> set[PageKey]:
    """The pages of which no newer file is there than their checkpoint's, which a crawl would take.

    There is one after the run that recorded it was deleted, or an older database put back.
    """
    newest = store.newest()
    return {
        stored.record.page
        for stored in checkpoints
        if (name := newest.get(stored.record.page)) is None
        or name.fetched_at <= stored.record.fetched_at
    }


def recognise_all(
    names: Iterable[FileName], store: Store
) -> dict[PageKey, StoredPage | StoredPageError]:
    """The pages that files without a checkpoint hold, one of each page, or why they hold none."""

    def recognised(name: FileName) -> StoredPage | StoredPageError:
        try:
            return store.recognise(name)
        except StoredPageError as error:
            return error

    listed = list(names)
    found = read_ahead(store, listed, recognised)
    return {name.page: page for name, page in zip(listed, found, strict=True)}


def damage_of(checkpoint: StoredPage, store: Store) -> str | None:
    """What is wrong with the stored file of a checkpoint; None if nothing is."""
    try:
        store.read(checkpoint.record.page, checkpoint.file_name, checkpoint.sha256)
    except StoredPageError as error:
        return str(error)
    return None
