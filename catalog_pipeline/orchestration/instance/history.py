"""What is asked of the recorded past of assets, and who answers.

Two answer: Dagster's instance, whatever its storages (`instance_history`), and the tables of this
package's own storages, read without Dagster (`sql/table_history`). Whoever asks gives
either; `history_of` makes one of it. A suite of tests holds the two to the same answers. Not here:
what the answers mean for pages (`checkpoints`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from catalog_pipeline.orchestration.instance.lease_shares import LeaseHolder
from catalog_pipeline.orchestration.names import FAILED_FOR_TAG, LOOKS_BEYOND_TAG, KeyPath

if TYPE_CHECKING:
    from dagster import DagsterInstance

Kind: TypeAlias = Literal["ASSET_MATERIALIZATION", "ASSET_OBSERVATION"]
MATERIALIZATION: Kind = "ASSET_MATERIALIZATION"
OBSERVATION: Kind = "ASSET_OBSERVATION"
Values: TypeAlias = dict[str, Any]
"""Metadata of an event: label to plain value."""


class LatestEvent(NamedTuple):
    """The latest event of a partition; `recorded_at` is in seconds since 1970."""

    partition: str
    values: Values
    recorded_at: float
    run_id: str


class NewestEvent(NamedTuple):
    """The newest event of an asset."""

    storage_id: int
    values: Values


class Wipe(NamedTuple):
    """A partition that was wiped; None is the whole asset."""

    partition: str | None
    at: datetime


class RunFacts(NamedTuple):
    """What is recorded of a run; `started_at` is in seconds since 1970, None if it never began.

    It `looks_beyond` if it set out to look for pages that nobody knew of, and `failed_for` a reason
    if all that was left of its pages did.
    """

    status: str
    started_at: float | None
    root_run_id: str | None = None
    looks_beyond: bool = False
    failed_for: str | None = None

    @classmethod
    def of_tags(
        cls,
        run_id: str,
        status: str,
        started_at: float | None,
        root_run_id: str | None,
        tags: Mapping[str, str],
    ) -> RunFacts:
        """With what its tags say."""
        whose, _, reason = tags.get(FAILED_FOR_TAG, "").partition(" ")
        failed_for = reason if whose == run_id else None
        return cls(status, started_at, root_run_id, LOOKS_BEYOND_TAG in tags, failed_for)

    @property
    def came_to_nothing(self) -> bool:
        """Whether it was cancelled, or failed before it began: its pages are as they were."""
        never_began = self.status == "FAILURE" and self.started_at is None
        return self.status == "CANCELED" or never_began


@runtime_checkable
class History(Protocol):
    """The recorded past of assets; what was wiped is not in it."""

    def latest_ids(self, path: KeyPath, kind: Kind) -> Mapping[str, int]:
        """The storage id of the latest event of that kind of each partition."""

    def latest_events(
        self, path: KeyPath, kind: Kind, partitions: Set[str]
    ) -> Iterator[LatestEvent]:
        """The latest event of that kind of each of the partitions."""

    def newest(self, path: KeyPath, kind: Kind) -> NewestEvent | None:
        """The newest event of that kind, of whatever partition; None if there is none."""

    def newest_id(self, path: KeyPath, kind: Kind) -> int | None:
        """Its storage id."""

    def attempts(self, path: KeyPath) -> Mapping[str, str]:
        """The run that announced each partition last, of those that have not come since.

        Runs that came to nothing do not count.
        """

    def unfinished_attempt(self, path: KeyPath) -> str | None:
        """The run that announced an asset last, whatever partition; None if it has come since."""

    def found_partitions(self, name: str) -> Sequence[str]:
        """The dynamic partitions of that name, in their order."""

    def asset_paths(self) -> Sequence[KeyPath]:
        """The keys of all assets of which something is recorded."""

    def wipes(self, is_wanted: Callable[[KeyPath], bool]) -> Iterable[Wipe]:
        """What was wiped of those assets, and when."""

    def run(self, run_id: str) -> RunFacts | None:
        """What is recorded of a run; None if nothing is."""

    def is_alive(self, run_id: str) -> bool:
        """Whether a run that has not ended will still do something."""

    def crawlers(self, catalogue: str) -> Sequence[LeaseHolder]:
        """Who crawls a catalogue, on which of the machines that share the history, and which
        pages, and who did and was not heard of since; nobody if it is not shared."""


Source: TypeAlias = "DagsterInstance | History"
"""Of whom the past is asked."""


def history_of(source: Source) -> History:
    """The past that an instance has recorded; a history is one already."""
    if isinstance(source, History):
        return source
    from catalog_pipeline.orchestration.instance.instance_history import InstanceHistory

    return InstanceHistory(source)
