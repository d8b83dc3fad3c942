"""Which rows stay when the same product is on several pages: the one that was fetched last.

Only the times of rows and what `key_codes` makes of their keys are held, not the rows. Why rows
gave way is told by `Comparison`, which looks at no rows but those whose key is there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from catalog_pipeline.catalogue.fields import PROVENANCE_COLUMNS
from catalog_pipeline.tables.key_codes import Codes, KeyColumn, joined
from catalog_pipeline.tables.report import MergedRows

_DIFFERENT, _EQUAL, _SAME_PAGE, _IN_OTHER_LISTINGS = range(4)
_WHY = ("different values", "equal values", "its page has the same rows as another")


@dataclass(frozen=True)
class Survivors:
    """One truth value per row, in the rows' order; those without `has_key` have no key at all.

    `keys` has a number per row, equal for equal keys; `is_shared` says whose key others have too,
    `is_last_of_listing` which rows are the last ones of their key in their own listing.
    """

    keep: npt.NDArray[np.bool_]
    keys: Codes
    is_shared: npt.NDArray[np.bool_]
    is_last_of_listing: npt.NDArray[np.bool_]
    has_key: npt.NDArray[np.bool_]
    duplicates: int

    @property
    def without_key(self) -> int:
        """How many rows have no key."""
        return int((~self.has_key).sum())

    @cached_property
    def beaten(self) -> tuple[Codes, Codes]:
        """The rows that gave way, and which row stayed of each, by their places among all rows."""
        beaten = np.flatnonzero(~self.keep)
        staying = np.flatnonzero(self.keep & self.is_shared)
        of_key = pd.Series(staying, index=self.keys[staying], dtype=np.int64)
        return beaten, of_key.loc[self.keys[beaten]].to_numpy()


@dataclass(frozen=True)
class GaveWay:
    """A row that gave way, the one that stayed, by their places among all rows, and why."""

    place: int
    winner: int
    why: str


class Comparison:
    """Why rows gave way: they stand on a page that repeats another one, or beside other values."""

    def __init__(
        self,
        survivors: Survivors,
        is_on_repeated_page: npt.NDArray[np.bool_],
        not_compared: Sequence[str] = PROVENANCE_COLUMNS,
    ) -> None:
        self._not_compared = list(not_compared)
        self._survivors = survivors
        self._is_on_repeated_page = is_on_repeated_page
        self._first = 0
        self._digests = np.zeros(len(survivors.keep), dtype=np.int64)

    def add(self, rows: pa.Table) -> None:
        """Look at the next rows, which must come in the ledger's order."""
        places = np.arange(self._first, self._first + rows.num_rows)
        self._first += rows.num_rows
        is_shared = self._survivors.is_shared[places]
        shared = rows.drop_columns(self._not_compared).filter(pa.array(is_shared))
        digests = [hash(repr(tuple(row.values()))) for row in shared.to_pylist()]
        self._digests[places[is_shared]] = digests

    @property
    def merged(self) -> MergedRows:
        """How many rows gave way, by why."""
        why = self._why[1]
        return MergedRows(
            same_page=int((why == _SAME_PAGE).sum()),
            equal=int((why == _EQUAL).sum()),
            different=int((why == _DIFFERENT).sum()),
            in_other_listings=int((why == _IN_OTHER_LISTINGS).sum()),
        )

    def examples(self, most: int) -> list[GaveWay]:
        """Some of the rows that gave way, those with other values first."""
        places, why, winners = self._why
        order = np.argsort(why, kind="stable")
        chosen = [each for each in order[:most].tolist() if why[each] != _IN_OTHER_LISTINGS]
        return [
            GaveWay(int(places[each]), int(winners[each]), _WHY[int(why[each])]) for each in chosen
        ]

    @cached_property
    def _why(self) -> tuple[Codes, npt.NDArray[np.int8], Codes]:
        """The rows that gave way, why each of them did, and the rows that stayed."""
        found = self._survivors
        beaten, winners = found.beaten
        is_equal = self._digests[winners] == self._digests[beaten]
        is_elsewhere = found.is_last_of_listing[beaten]
        on_repeated = self._is_on_repeated_page[beaten] & ~is_elsewhere
        why = np.where(is_equal, _EQUAL, _DIFFERENT)
        why[is_equal & is_elsewhere] = _IN_OTHER_LISTINGS
        why[on_repeated] = _SAME_PAGE
        return beaten, why.astype(np.int8), winners


class KeyLedger:
    """The keys of all rows, taken down batch by batch in page and position order."""

    def __init__(self, key_columns: Sequence[str]) -> None:
        self._keys = {name: KeyColumn() for name in key_columns}
        self._fetched: list[Codes] = []
        self._listings: list[npt.NDArray[np.object_]] = []

    def add(self, table: pa.Table) -> None:
        """Take down the keys of the next rows."""
        for name, keys in self._keys.items():
            keys.add(table[name])
        self._fetched.append(table["fetched_at"].cast(pa.int64()).to_numpy())
        if "listing" in table.column_names:
            self._listings.append(table["listing"].to_numpy())

    def survivors(self, schema: pa.Schema) -> Survivors:
        """Which rows stay; `schema` is that of the last batch."""
        codes = [keys.codes(schema.field(name).type) for name, keys in self._keys.items()]
        has_key = np.logical_or.reduce([column >= 0 for column in codes])
        key = joined(codes)
        # A stable sort: among rows fetched at the same time, the later page or position wins.
        by_time = np.argsort(np.concatenate(self._fetched), kind="stable")
        by_time = by_time[has_key[by_time]]
        is_beaten = pd.Series(key[by_time]).duplicated(keep="last").to_numpy()
        keep = np.ones(len(key), dtype=np.bool_)
        keep[by_time[is_beaten]] = False
        is_shared = np.zeros(len(key), dtype=np.bool_)
        is_shared[by_time] = pd.Series(key[by_time]).duplicated(keep=False).to_numpy()
        is_last = self._last_of_their_listing(key, by_time)
        return Survivors(keep, key, is_shared, is_last, has_key, int(is_beaten.sum()))

    @property
    def listings(self) -> npt.NDArray[np.object_] | None:
        """The name of each row's listing; None where those have no names."""
        return np.concatenate(self._listings) if self._listings else None

    def _last_of_their_listing(self, key: Codes, by_time: Codes) -> npt.NDArray[np.bool_]:
        is_last = np.zeros(len(key), dtype=np.bool_)
        names = self.listings
        if names is not None:
            listing = pd.factorize(names)[0].astype(np.int64)
            of_both = joined([key, listing])[by_time]
            is_last[by_time] = ~pd.Series(of_both).duplicated(keep="last").to_numpy()
        return is_last
