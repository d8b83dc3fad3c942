"""By which failures of a page a listing may have ended before it, as the YAML says.

What follows from a sign is decided in `open_search`.
"""

from __future__ import annotations

from catalog_pipeline.catalogue.length import EndSigns
from catalog_pipeline.errors import FetchError, NoProductError, PageError

NO_PRODUCT = "no product"
REPEAT = "the products of another page"


def sign_of(error: PageError, rules: EndSigns) -> str | None:
    """What an error says of an end before its page; None if nothing."""
    if isinstance(error, NoProductError):
        return NO_PRODUCT if rules.empty and error.looks_like is None else None
    if not isinstance(error, FetchError):
        return None
    if error.kind == "repeats":
        return REPEAT if rules.repeats else None
    if error.kind == "page_lost":
        is_sign = rules.redirect and error.leads_to_listing
        return "a redirect to another page" if is_sign else None
    is_status = error.kind.startswith("status_") and error.http_status in rules.status
    return f"status {error.http_status}" if is_status else None
