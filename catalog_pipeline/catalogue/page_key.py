"""What a listing page is called: its number, and its listing where a catalogue has several.

The text of a key is the page's partition in Dagster: `17`, or `phones-1`. It is written and read
here and nowhere else; which pages a catalogue has belongs in `model`, how people write many of
them in `page_selection`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, total_ordering
from operator import attrgetter
from typing import Any, final

from catalog_pipeline.errors import PageKeyError

_KEY = re.compile(r"(?:(?P<listing>[A-Za-z][A-Za-z0-9_]*)-)?(?P<number>0|[1-9][0-9]{0,17})")
_LISTING = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@final
@total_ordering
class PageKey:
    """One listing page; `listing` is None in a catalogue whose only listing has no name.

    Keys are ordered by listing and then by number, as people count. They never change.
    """

    __slots__ = ("_parts",)

    def __init__(self, number: int, listing: str | None = None) -> None:
        """
        Raises:
            PageKeyError: the number is negative or too long, or the listing is no name.
        """
        is_number = 0 <= number < 10**18
        if not is_number or (listing is not None and not _LISTING.fullmatch(listing)):
            raise PageKeyError(str(number) if listing is None else f"{listing}-{number}")
        self._parts = (listing or "", number)

    @classmethod
    def parse(cls, text: str) -> PageKey:
        """The key that is written as `text`.

        Raises:
            PageKeyError: no key is written like that; `07`, `+7` and `7 ` are none.
        """
        match = _KEY.fullmatch(text)
        if match is None:
            raise PageKeyError(text)
        return cls(int(match["number"]), match["listing"])

    @property
    def listing(self) -> str | None:
        """The name of the page's listing; None if it has none."""
        return self._parts[0] or None

    @property
    def number(self) -> int:
        """The page's number within its listing."""
        return self._parts[1]

    @property
    def plain(self) -> int | str:
        """As JSON holds it: the bare number where there is no listing, else the text."""
        return str(self) if self._parts[0] else self._parts[1]

    @classmethod
    def from_plain(cls, value: object) -> PageKey:
        """The key that JSON holds as `value`.

        Raises:
            PageKeyError: it is none.
        """
        if isinstance(value, int) and not isinstance(value, bool):
            return cls(value)
        if isinstance(value, str):
            return cls.parse(value)
        raise PageKeyError(repr(value))

    def __str__(self) -> str:
        listing, number = self._parts
        return f"{listing}-{number}" if listing else str(number)

    def __repr__(self) -> str:
        return f"PageKey({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return self._parts == other._parts if isinstance(other, PageKey) else NotImplemented

    def __lt__(self, other: PageKey) -> bool:
        return self._parts < other._parts if isinstance(other, PageKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return (PageKey, (self.number, self.listing))


def in_order(pages: Iterable[PageKey]) -> list[PageKey]:
    """The keys as people count: `sorted`, which takes ten times as long to compare them."""
    return sorted(pages, key=attrgetter("_parts"))


@lru_cache(maxsize=64)
def page_keys(first: int, last: int, listing: str | None = None) -> tuple[PageKey, ...]:
    """The keys of the pages of a listing from one number to another, both included."""
    return tuple(PageKey(number, listing) for number in range(first, last + 1))
