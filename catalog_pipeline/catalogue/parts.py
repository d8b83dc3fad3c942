"""Smaller sections of a catalogue's YAML: the total that a site tells, the practice shop; and
what a key may be made of."""

from __future__ import annotations

from catalog_pipeline.catalogue.bounds import Count
from catalog_pipeline.catalogue.fields import Field, Pattern, Selectors, StrictModel


class Total(StrictModel):
    """Where a page says how many products the site has."""

    select: Selectors
    """Where the number is on the page: one selector, or several in order of preference."""
    attribute: str | None = None
    """Take this attribute of what was selected instead of its text."""
    pattern: Pattern | None = None
    """A regular expression that picks the number; its first group, if it has one."""


class PracticeShop(StrictModel):
    """The catalogue is served by the bundled practice shop, started by whatever crawls it."""

    pages: Count = 50
    """Listing pages of the shop."""
    page_size: Count = 20
    """Products on a page."""
    session_requests: Count | None = None
    """Requests after which a member's session expires."""


def check_key_field(name: str, field: Field) -> None:
    """Refuse a field that cannot tell products apart.

    Raises:
        ValueError: it may be left out of a product that stays.
    """
    if field.on_invalid == "discard_value":
        raise ValueError(
            f"{name} tells products apart, so its value cannot be left out alone; "
            f"on_invalid: discard_row leaves out the product"
        )
