"""Whether more pages of a listing seem to be gone than its YAML lets go at once.

How it is found that they are gone belongs to the searches beside this module.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog_pipeline.catalogue.length import FoundLength
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages


def too_many_gone(last: PageKey, gone: Sequence[PageKey], known: int, rules: FoundLength) -> str:
    """The sentence that says so; "" if no more of the `known` pages are gone than may be."""
    if len(gone) <= rules.may_lose * known:
        return ""
    return (
        f"the listing seems to end at page {last} now, and pages {format_pages(gone)} to be gone: "
        f"{len(gone)} of {known}, more than shrink ({rules.may_lose:.0%}) allows; nothing was "
        f"changed"
    )
