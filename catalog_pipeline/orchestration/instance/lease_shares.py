"""What of a lease somebody takes, or has, as plain values: all of it, or pages, beside others.

Not here: how a lease is held (`host_leases`, `postgres/leases`), and which pages a run takes
(`runs/crawl_lease`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages


class Share(NamedTuple):
    """The pages that are taken, or all (None); and among how many that may have some at once."""

    pages: frozenset[PageKey] | None = None
    at_once: int = 1

    def meets(self, pages: frozenset[PageKey] | None) -> bool:
        """Whether some of these are among them."""
        if self.pages is None or pages is None:
            return True
        return not self.pages.isdisjoint(pages)

    def holds(self, pages: Iterable[PageKey]) -> bool:
        """Whether all of these are among them."""
        return self.pages is None or self.pages.issuperset(pages)


WHOLE = Share()


class LeaseHolder(NamedTuple):
    """Who has a lease, and for how long yet unless he is heard of; less than 0 if it is over.

    `pages` are those that he has of it, None if he has all. `unheard_since` is when he who has a
    crawl's was heard of last, if that is longer ago than it lasts: None of who is heard of.
    """

    holder: str
    host: str
    pid: int
    seconds_left: float
    pages: frozenset[PageKey] | None = None
    unheard_since: datetime | None = None

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> LeaseHolder:
        """As a table has it: the six in their order."""
        holder, host, pid, left, pages, unheard_since = row
        return cls(holder, host, pid, float(left), pages_of_row(pages), unheard_since)

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]]) -> list[LeaseHolder]:
        """Of a table's rows, with epoch and serial in the end."""
        return [cls.of_row(holder) for *holder, _, _ in rows]

    @property
    def told(self) -> str:
        """In words."""
        has = f" with pages {format_pages(self.pages)}" if self.pages is not None else ""
        return f"run {self.holder} (process {self.pid} on {self.host}){has}"

    @property
    def has_it(self) -> bool:
        """Whether it is still his."""
        return self.seconds_left > 0


def pages_of_row(keys: Iterable[str] | None) -> frozenset[PageKey] | None:
    """The pages of a lease as a table has them."""
    return None if keys is None else frozenset(map(PageKey.parse, keys))
