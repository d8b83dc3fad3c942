"""What the files of the history say of themselves, in the metadata at their end.

`version` names the build that wrote a file; the table names the version that belongs to it. What
the rows hold is in `layout`; when a file comes to count is decided by `files`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.system.durable_files import open_plain
from catalog_pipeline.wording import changes_told

STATE_FACT = "catalog_pipeline.history_state"
"""Key of a history file's own metadata."""
VERSION_FACT = "catalog_pipeline.history"
"""Key of the table's metadata: the version of the history that belongs to it."""


@dataclass(frozen=True)
class Counts:
    """How many products a build found otherwise than before, and how many values of theirs.

    `first` are those of which nobody can say whether they are new: no crawl was complete before.
    `resumed` ones are known again after builds that the history lacks, `reread` ones are read
    otherwise out of the same downloads, `tracked` ones go on with other columns; `absent` ones were
    not found, too seldom yet to be gone. `narrowed` ones were on pages that the YAML no longer
    names, `widened` ones were so before, and are seen again.
    """

    first: int = 0
    new: int = 0
    returned: int = 0
    changed: int = 0
    values: int = 0
    gone: int = 0
    reread: int = 0
    tracked: int = 0
    absent: int = 0
    resumed: int = 0
    narrowed: int = 0
    widened: int = 0

    @property
    def told(self) -> str:
        """What changed, in a few words."""
        return changes_told(self.new, self.gone, self.returned, self.changed, self.values)


@dataclass(frozen=True)
class Tracked:
    """The columns that were followed from a build on."""

    from_build: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """Pages of a listing as a YAML had them; `last` is None where crawls find the end."""

    listing: str | None
    first: int
    last: int | None

    def covers(self, other: Span) -> bool:
        """Whether all pages of another one are among these."""
        is_as_long = self.last is None or (other.last is not None and other.last <= self.last)
        return self.listing == other.listing and self.first <= other.first and is_as_long


@dataclass(frozen=True)
class LookedAt:
    """Pages that crawls have had since one was complete; `rule` is the version of the `discover` by
    which the last complete one found its listings."""

    spans: tuple[Span, ...]
    rule: str | None = None


@dataclass(frozen=True)
class State:
    """What a build left: its number, its time, what it was made of, and where the rows lie.

    `evidence` is a digest of the pages, equal exactly for the same ones; `had_complete_crawl` says
    that a product which is not known is a new one on the pages that crawls have `looked_at`, None
    if they are not known. `listings_rule` says by which `discover` the listings were found. The row
    groups from `open_group` on hold the periods that have not ended.
    """

    version: str
    build: int
    at: datetime
    evidence: str
    code_version: str
    had_complete_crawl: bool
    key: tuple[str, ...]
    tracked: tuple[Tracked, ...]
    open_group: int = 0
    counts: Counts = field(default_factory=Counts)
    notes: tuple[str, ...] = ()
    listings_rule: str | None = None
    looked_at: LookedAt | None = None

    def dumped(self) -> dict[str, str]:
        """The metadata that says it."""
        return {STATE_FACT: json.dumps({**asdict(self), "at": self.at.isoformat()})}

    @staticmethod
    def loaded(metadata: Mapping[bytes, bytes] | None) -> State | None:
        """What the metadata of a file says; None if it is none of ours."""
        text = (metadata or {}).get(STATE_FACT.encode())
        if text is None:
            return None
        told = json.loads(text)
        told["at"] = datetime.fromisoformat(told["at"])
        told["key"], told["notes"] = tuple(told["key"]), tuple(told["notes"])
        told["counts"] = Counts(**told["counts"])
        told["tracked"] = tuple(
            Tracked(each["from_build"], tuple(each["columns"])) for each in told["tracked"]
        )
        if (seen := told.get("looked_at")) is not None:
            spans = tuple(Span(**each) for each in seen["spans"])
            told["looked_at"] = LookedAt(spans, seen["rule"])
        return State(**told)


def read_state(path: Path) -> State | None:
    """What a history file says of itself; None if there is none, or it is not to be used."""
    try:
        return State.loaded(_metadata(path))
    except (OSError, pa.ArrowException, ValueError, TypeError, KeyError):
        return None


def version_of_table(table: Path) -> str | None:
    """The version of the history that a table names; None if it names none, or is not whole."""
    try:
        told = _metadata(table).get(VERSION_FACT.encode())
    except (OSError, pa.ArrowException):
        return None
    return told.decode() if told else None


def is_whole(table: Path) -> bool:
    """Whether a table is there and says what it is."""
    try:
        _metadata(table)
    except (OSError, pa.ArrowException):
        return False
    return True


def _metadata(path: Path) -> dict[bytes, bytes]:
    """What a plain file says of itself; links and pipes are none."""
    with os.fdopen(open_plain(path), "rb") as source, pq.ParquetFile(source) as file:
        return dict(file.metadata.metadata or {})
