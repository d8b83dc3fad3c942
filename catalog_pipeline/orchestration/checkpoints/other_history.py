"""What a catalogue's history says under another key than its own: its YAML's `key_prefix` changed.

Nothing is read from there: the pages' files are the same, and whoever crawls recognises them.
"""

from __future__ import annotations

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import checkpoints_of, latest_page_event
from catalog_pipeline.orchestration.instance.history import Source, history_of
from catalog_pipeline.orchestration.names import KeyPath, is_pages_path, pages_path


def tell_other_history(source: Source, catalogue: Catalogue) -> str | None:
    """One sentence about pages that are recorded under another key, and how to keep them.

    None if there are none, or if a page is recorded under the catalogue's own key.
    """
    if latest_page_event(source, catalogue) is not None:
        return None
    own = pages_path(catalogue)
    for path in history_of(source).asset_paths():
        if path == own or not is_pages_path(path, catalogue.name):
            continue
        # Others may have an asset of that key; only ours has our checkpoints.
        known = with_known_pages(source, catalogue).pages
        pages = checkpoints_of(source, path, known)
        if pages:
            return (
                f"pages {format_pages(pages)} are recorded under the key {_shown(path)} and none "
                f"under {_shown(own)}, which the YAML's key_prefix makes it now. A run without a "
                f"cut-off takes over what is stored of them without a download, save what was "
                f"wiped; to go on with the history itself, set key_prefix to {_prefix(path)}"
            )
    return None


def _shown(path: KeyPath) -> str:
    return "/".join(path)


def _prefix(path: KeyPath) -> str:
    return f"[{', '.join(path[:-2])}]"
