"""Whether a file of the past is the one that the last build left, or is of a build before it.

Two say which build was the last: the table, which names the version of its history, and what was
recorded of a build. A build that died may have come as far as the table; of a folder that was put
back, table and history are of one build, and what is recorded is of a later one. A table that is
there and names no history was built while none was kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from catalog_pipeline.tables.history.state import State, is_whole, version_of_table
from catalog_pipeline.tables.last_past import LastPast


@dataclass(frozen=True)
class Standing:
    """The version that the table names, and what was recorded last; either may say nothing.

    `is_interrupted` says that the last table was built without a history.
    """

    named: str | None
    recorded: LastPast | None
    is_interrupted: bool = False

    @staticmethod
    def beside(table: Path, recorded: LastPast | None) -> Standing:
        """What the table says that is there."""
        named = version_of_table(table)
        return Standing(named, recorded, named is None and is_whole(table))

    @property
    def was_kept(self) -> bool:
        """Whether there was a past before."""
        return self.named is not None or self.recorded is not None

    @property
    def build(self) -> int:
        """The number of the last build that is recorded; 0 if none is."""
        return self.recorded.build if self.recorded is not None else 0

    def is_of_last_build(self, state: State | None) -> TypeGuard[State]:
        """Whether what a file says of itself is what the last build left."""
        if state is None or self.is_interrupted:
            return False
        if self.recorded is None:
            return self.named in (None, state.version)
        if state.version == self.recorded.version:
            return True
        return self.named in (None, state.version) and state.build > self.recorded.build

    def next_version(self, before: State | None, evidence: str) -> str:
        """The version of a build's files, by what it goes on from and what it is made of."""
        chained = f"{before.version if before else ''} {evidence}"
        if self.was_kept and not self.is_of_last_build(before):
            # What the table names now is not to be taken for what it is about to name.
            chained += f" {self.named} {self.recorded}"
        return hashlib.sha256(chained.encode()).hexdigest()[:16]

    def told_of(self, path: Path, state: State | None) -> str | None:
        """What there is to say of a file that a build goes on with; None if it is the last one's.

        Without a `state` there is none.
        """
        if state is None:
            return f"{path.name} is gone, and a new one begins" if self.was_kept else None
        if self.is_of_last_build(state):
            return None
        ends = f"it ends with build {state.build}, of {state.at:%Y-%m-%d %H:%M} UTC"
        lacks = "What was between that build and this one is not in it"
        if self.is_interrupted:
            return f"{path.name} was not kept for a while: {ends}. {lacks}"
        last = "a later one" if self.recorded is None else f"build {self.build}"
        return (
            f"{path.name} has been put back from before: {ends}, and {last} was the last. {lacks}"
        )
