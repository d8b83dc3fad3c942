"""What earlier builds were like; values only, wherever they were kept."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog_pipeline.tables.last_past import LastPast


@dataclass(frozen=True)
class PastBuild:
    """How many rows a build had, and in how many of them each column had a value."""

    rows: int
    filled: Mapping[str, int]

    def share(self, column: str) -> float | None:
        """The share of rows in which a column had a value; None without rows or column."""
        if not self.rows or column not in self.filled:
            return None
        return self.filled[column] / self.rows


@dataclass(frozen=True)
class Past:
    """The last builds of complete crawls, one of each crawl, the newest first; and what the last
    build of all recorded of the history."""

    builds: Sequence[PastBuild] = ()
    history: LastPast | None = None

    @property
    def rows(self) -> float | None:
        """The rows in the middle; None if there was no build."""
        return statistics.median(build.rows for build in self.builds) if self.builds else None

    def share(self, column: str) -> float | None:
        """A column's filled share in the middle; None if no build had that column."""
        shares = [share for build in self.builds if (share := build.share(column)) is not None]
        return statistics.median(shares) if shares else None


NO_PAST = Past()
