"""What there is to say of a build's history besides its numbers: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog_pipeline.tables.history.state import Counts, State
from catalog_pipeline.wording import counted


@dataclass(frozen=True)
class Circumstances:
    """What a build's sentences follow from.

    `newest` is when the newest page was fetched, `is_back` that by the clock it is older than what
    was fetched before it; `lacks` is why no product counts as absent; `kept`
    are files that could not be gone on with, with why and where they are now; `renamed` are columns
    whose type has changed. `of_files` says which files are gone, or have been put back from before.
    """

    before: State | None
    newest: datetime
    is_back: bool
    counts: Counts
    code_version: str
    lacks: str | None
    lacks_builds: bool
    without_key: int
    kept: Mapping[Path, str]
    renamed: Mapping[str, str]
    tracked: tuple[str, ...]
    of_files: tuple[str, ...]


def notes_of(told: Circumstances) -> tuple[str, ...]:
    """The sentences."""
    return (*_of_files(told), *_of_products(told))


def _of_files(told: Circumstances) -> Iterator[str]:
    for place, why in told.kept.items():
        yield f"{why}; it is kept as {place.name}, and a new one begins"
    yield from told.of_files
    if told.counts.resumed:
        resumed = counted(told.counts.resumed, "product")
        yield f"{resumed} began a new period by that alone, and no change of it is told"
    if told.before is None and not told.kept and not told.of_files:
        yield "the history begins with this build"
    for name, former in told.renamed.items():
        yield f"{name} has another type than before; what it was until now is in {former}"
    if told.counts.tracked:
        began = counted(told.counts.tracked, "product")
        which = f"other columns are followed from this build on: {', '.join(told.tracked)}; {began}"
        if not _follows_others(told):
            which = f"{began} not seen since other columns came to be followed"
        yield f"{which} began a new period by that alone"


def _follows_others(told: Circumstances) -> bool:
    """Whether it is this build that follows other columns, and not one before it."""
    before = () if told.before is None else told.before.tracked[-1].columns
    return bool(told.renamed) or set(before) != set(told.tracked)


def _of_products(told: Circumstances) -> Iterator[str]:
    counts, before = told.counts, told.before
    if before is not None and told.is_back:
        yield (
            f"its newest page was fetched at {_second(told.newest)}, before that of the last build "
            f"({_second(before.at)}): what it shows otherwise is taken for older, and is no change "
            f"(was the clock ahead, or set back?)"
        )
    if counts.narrowed:
        narrowed = counted(counts.narrowed, "product")
        yield (
            f"{narrowed} on pages that the YAML no longer names: not looked for any more, and not "
            f"called gone"
        )
    if counts.widened:
        widened = counted(counts.widened, "product")
        yield (
            f"{widened} known from before the YAML named their pages no longer: not called new or "
            f"returned, and no change of them is told"
        )
    if told.lacks is not None:
        yield f"no product that was not found counts as absent: {told.lacks}"
    if told.without_key:
        yield f"not in the history: {counted(told.without_key, 'product')} without a key"
    if counts.first and before is not None:
        unknown = counted(counts.first, "product")
        yield f"{unknown} not known, and not called new: {_why_not_new(told, before)}"
    if counts.reread:
        reread = counted(counts.reread, "product")
        yield f"{reread} read otherwise out of the same download, which is no change"
    if before is not None and before.code_version != told.code_version and counts.changed:
        yield (
            "the YAML reads pages otherwise than at the build before: some of what changed may be "
            "its doing"
        )


def _why_not_new(told: Circumstances, before: State) -> str:
    if told.lacks_builds:
        return "builds are lacking"
    if before.had_complete_crawl:
        return "found only on pages that no crawl before had"
    return "no crawl before this one had all pages"


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
