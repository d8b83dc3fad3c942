"""What there is to say of a build's history besides its numbers: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.tables.history.state import Counts, State
from catalog_pipeline.wording import counted


@dataclass(frozen=True)
class Circumstances:
    """What a build's sentences follow from.

    `lacks` is why no product counts as absent; `kept` are files that could not be gone on with,
    with why and where they are now; `renamed` are columns whose type has changed.
    """

    before: State | None
    counts: Counts
    code_version: str
    lacks: str | None
    without_key: int
    kept: Mapping[Path, str]
    renamed: Mapping[str, str]
    tracked: tuple[str, ...]


def notes_of(told: Circumstances) -> tuple[str, ...]:
    """The sentences."""
    return (*_of_files(told), *_of_products(told))


def _of_files(told: Circumstances) -> Iterator[str]:
    for place, why in told.kept.items():
        yield f"{why}; it is kept as {place.name}, and a new one begins"
    if told.before is None:
        yield "the history begins with this build"
    for name, former in told.renamed.items():
        yield f"{name} has another type than before; what it was until now is in {former}"
    if told.counts.tracked:
        began = counted(told.counts.tracked, "product")
        yield (
            f"other columns are followed from this build on: {', '.join(told.tracked)}; {began} "
            f"began a new period by that alone"
        )


def _of_products(told: Circumstances) -> Iterator[str]:
    counts, before = told.counts, told.before
    if told.lacks is not None:
        yield f"no product that was not found counts as absent: {told.lacks}"
    if told.without_key:
        yield f"not in the history: {counted(told.without_key, 'product')} without a key"
    if counts.first and before is not None:
        unknown = counted(counts.first, "product")
        yield f"{unknown} not known, and not called new: no crawl before this one had all pages"
    if counts.reread:
        reread = counted(counts.reread, "product")
        yield f"{reread} read otherwise out of the same download, which is no change"
    if before is not None and before.code_version != told.code_version and counts.changed:
        yield (
            "the YAML reads pages otherwise than at the build before: some of what changed may be "
            "its doing"
        )
