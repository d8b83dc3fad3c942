"""What a catalogue's history says under another key than its own: its YAML's `key_prefix` changed.

Nothing is read from there: the pages' files are the same, and whoever crawls recognises them.
"""

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import checkpoints_of, latest_page_event
from catalog_pipeline.orchestration.names import is_pages_key, pages_key


def tell_other_history(instance: dg.DagsterInstance, catalogue: Catalogue) -> str | None:
    """One sentence about pages that are recorded under another key, and how to keep them.

    None if there are none, or if a page is recorded under the catalogue's own key.
    """
    if latest_page_event(instance, catalogue) is not None:
        return None
    own = pages_key(catalogue)
    for key in instance.all_asset_keys():
        if key == own or not is_pages_key(key, catalogue.name):
            continue
        # Others may have an asset of that key; only ours has our checkpoints.
        known = with_known_pages(instance, catalogue).pages
        pages = checkpoints_of(instance, key, known)
        if pages:
            return (
                f"pages {format_pages(pages)} are recorded under the key {_shown(key)} and none "
                f"under {_shown(own)}, which the YAML's key_prefix makes it now. A run without a "
                f"cut-off takes over what is stored of them without a download, save what was "
                f"wiped; to go on with the history itself, set key_prefix to {_prefix(key)}"
            )
    return None


def _shown(key: dg.AssetKey) -> str:
    return "/".join(key.path)


def _prefix(key: dg.AssetKey) -> str:
    return f"[{', '.join(key.path[:-2])}]"
