"""What the last build of a table came to, and whether a build now would come to something else.

Sensor, command line and the build itself ask here. The metadata keys that are read back are
written once, here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.catalogue.versions import fingerprint
from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import latest_page_event
from catalog_pipeline.orchestration.instance.history import MATERIALIZATION, Source, history_of
from catalog_pipeline.orchestration.names import pages_path, products_path
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.stores import found_of, lacking, stamp_of_table, table_of
from catalog_pipeline.tables.identity import TableIdentity, damage_of_table
from catalog_pipeline.tables.last_past import LastPast
from catalog_pipeline.tables.past_damage import damage_of_past
from catalog_pipeline.tables.report import LeftOutPage

if TYPE_CHECKING:
    import dagster as dg

BUILT_FROM_KEY = "built_from_event"
"""Metadata key of a table: the newest page event that its build had seen."""
MIRRORS_KEY = "mirrors"
"""Metadata key of a table: the base URLs whose pages count as the catalogue's own."""
PAGES_KEY = "pages"
"""Metadata key of a table: the pages that the catalogue had, as text."""
CHECKPOINTS_KEY = "pages_with_checkpoint"
"""Metadata key of a table: how many of those pages had a checkpoint."""
ROWS_KEY = "dagster/row_count"
NEWEST_ROW_KEY = "newest_row"
"""Metadata key of a table: when the newest of its pages was fetched."""
DUPLICATES_KEY = "duplicates"
MERGED_KEY = "merged_rows"
"""Metadata key of a table: why rows gave way to others of the same key."""
DISCARDED_KEY = "discarded"
SEVERAL_KEY = "several_values"
TOTAL_KEY = "told_total"
ROW_NOTES_KEY = "row_notes"
"""Metadata key of a table: what there is to say of its rows, in sentences."""
OUTDATED_KEY = "pages_of_older_definition"
GOES_ON_KEY = "goes_on"
"""Metadata key of a table: that the site has more pages than the YAML says; "" if it has not."""
FAILED_CHECKS_KEY = "failed_checks"
"""Metadata key of a table: which checks it fails, though it is in place, in sentences."""
FILLED_KEY = "filled_rows"
"""Metadata key of a table: by column how many rows have a value."""
LEFT_OUT_KEY = "left_out"
"""Metadata key of a table: which pages are done and not in it, and why."""
HISTORY_KEY = "history"
"""Metadata key of a table: the build's number in the history, its counts, what there is to say."""
NOTICES_KEY = "notices"
"""Metadata key of a table: of which build it is for notices, since when, and by which rules."""
VERSION_KEY = "code_version"
"""Metadata key of a table: which YAML, as far as it makes the table, it was built by."""
BYTES_KEY = "file_bytes"
DIGEST_KEY = "sha256"

_REASONS_KEPT = 100
_REASON_LENGTH = 500


@dataclass(frozen=True)
class LastBuild:
    """What the latest build of a table recorded of itself.

    `left_out` gives the reason for each page that has a checkpoint and no rows in it; for the first
    hundred of them, that is, and an empty text for the others. `history` has the counts of the
    changes by their names, `build`, `version` and `notes`; nothing where no past is kept.
    """

    rows: int | None = None
    duplicates: int = 0
    merged: Mapping[str, int] = field(default_factory=dict)
    row_notes: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()
    outdated_pages: int = 0
    goes_on: str = ""
    left_out: Mapping[PageKey, str] = field(default_factory=dict)
    file: TableIdentity | None = None
    history: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_last_build(source: Source, catalogue: Catalogue) -> LastBuild | None:
    """The latest build of a catalogue's table; None if there was none."""
    newest = history_of(source).newest(products_path(catalogue), MATERIALIZATION)
    if newest is None:
        return None
    values = newest.values
    size, digest = values.get(BYTES_KEY), values.get(DIGEST_KEY)
    return LastBuild(
        rows=values.get(ROWS_KEY),
        duplicates=values.get(DUPLICATES_KEY, 0),
        merged=values.get(MERGED_KEY) or {},
        row_notes=tuple(values.get(ROW_NOTES_KEY) or ()),
        failed_checks=tuple(values.get(FAILED_CHECKS_KEY) or ()),
        outdated_pages=values.get(OUTDATED_KEY, 0),
        goes_on=values.get(GOES_ON_KEY) or "",
        left_out=_left_out_of(values.get(LEFT_OUT_KEY) or {}),
        file=TableIdentity(size, digest) if size is not None and digest else None,
        history=values.get(HISTORY_KEY) or {},
        values=values,
    )


def left_out_metadata(pages: Sequence[LeftOutPage]) -> dg.MetadataValue[Any]:
    """The pages that a build had to leave out, as `LastBuild.left_out` reads them back."""
    from dagster import MetadataValue

    return MetadataValue.json(
        {
            "pages": [str(page.page) for page in pages],
            "reasons": {
                str(page.page): page.reason[:_REASON_LENGTH] for page in pages[:_REASONS_KEPT]
            },
        }
    )


def why_outdated(source: Source, catalogue: Catalogue) -> str | None:
    """Why a build now would come to another table than the last one left; None if it would not.

    New checkpoints, wiped pages, another YAML and a catalogue that grew or shrank make a table
    outdated, and so does a file that is not the one that was built.
    """
    catalogue = with_known_pages(source, catalogue)
    built = read_last_build(source, catalogue)
    if built is None:
        return "there is no table yet"
    count = checkpoint_count(source, catalogue)
    return why_not_of_today(source, catalogue, built, catalogue.pages, count) or damage_of_build(
        catalogue, built
    )


def why_not_of_today(
    source: Source,
    catalogue: Catalogue,
    built: LastBuild,
    pages: Sequence[PageKey],
    checkpoints: int,
) -> str | None:
    """The same without a look at what the file holds; so many of the `pages` have checkpoints."""
    places = catalogue_places(catalogue.name)
    newest = latest_page_event(source, catalogue)
    past = (places.history, places.changes) if catalogue.history else ()
    found = found_of(places, places.table, *past)
    if places.table not in found:
        return "the table is gone"
    if damage := damage_of_past(places, past, found, LastPast.recorded(built.history)):
        return damage
    seen = built.values.get(BUILT_FROM_KEY)
    if newest is not None and (seen is None or newest > seen):
        return "pages have landed since it was built"
    if has_other_pages(built, pages):
        return "the catalogue has other pages than when it was built"
    if built.values.get(CHECKPOINTS_KEY) != checkpoints:
        return "pages were wiped since it was built"
    if built.values.get(MIRRORS_KEY, "") != " ".join(catalogue.same_site):
        return "the YAML names other mirrors than when it was built"
    if built.values.get(VERSION_KEY) != catalogue.table_version:
        return "the YAML has changed since it was built"
    if built.file is None:
        return "its build did not record what the file holds"
    return None


def has_other_pages(built: LastBuild, pages: Iterable[PageKey]) -> bool:
    """Whether a table was built while the catalogue had other pages than these."""
    return built.rows is not None and built.values.get(PAGES_KEY) != format_pages(pages)


def damage_of_last_table(source: Source, catalogue: Catalogue) -> str | None:
    """What is wrong with the file of a table that was built; None if nothing is, or none was."""
    return damage_of_build(catalogue, read_last_build(source, catalogue))


def damage_of_build(catalogue: Catalogue, built: LastBuild | None) -> str | None:
    """The same of the build that is given, which has to be the latest."""
    if built is None or built.file is None:
        return None
    places = catalogue_places(catalogue.name)
    return damage_of_table(table_of(places), built.file, places.told(places.table))


def check_sound(source: Source, catalogue: Catalogue, table: Path) -> None:
    """Look whether a table, which has been brought, is the one that its build put there.

    Raises:
        StorageError: it is not, so that nothing is to be made of it.
    """
    built = read_last_build(source, catalogue)
    if built is None or built.file is None:
        return
    told = catalogue_places(catalogue.name).told(table)
    damage = damage_of_table(table, built.file, told)
    if damage is not None:
        raise StorageError(
            f"{catalogue.name}: {damage}. Nothing was exported; catalog-pipeline run "
            f"{catalogue.name} builds the table anew."
        )


def unrecorded_table(catalogue: Catalogue) -> str | None:
    """What there is to say of a table where no build of one is recorded; None if none is there."""
    places = catalogue_places(catalogue.name)
    if lacking(places, places.table):
        return None
    return (
        f"the table {places.told(places.table)} is there, and nothing is recorded of it here (its "
        f"build was cut short, one was reported by hand, or DAGSTER_HOME or key_prefix is another)"
    )


def fingerprint_of_input(source: Source, catalogue: Catalogue) -> str:
    """Changes whenever a build might come to something else: by the pages, by the YAML, or by what
    it is held against, which are the table that is there and the builds before.
    """
    pages = format_pages(with_known_pages(source, catalogue).pages)
    newest, count = latest_page_event(source, catalogue), checkpoint_count(source, catalogue)
    demands = (catalogue.coverage, catalogue.duplicates, catalogue.checks)
    described: list[Any] = [newest, count, pages, catalogue.table_version, catalogue.same_site]
    described += [history_of(source).newest_id(products_path(catalogue), MATERIALIZATION)]
    described += [stamp_of_table(catalogue_places(catalogue.name))]
    described += [each.model_dump(mode="json") for each in demands]
    return fingerprint(described)


def checkpoint_count(source: Source, catalogue: Catalogue) -> int:
    """How many of the catalogue's pages have a checkpoint."""
    catalogue = with_known_pages(source, catalogue)
    partitions = history_of(source).latest_ids(pages_path(catalogue), MATERIALIZATION)
    return sum(str(page) in partitions for page in catalogue.pages)


def _left_out_of(value: Mapping[str, Any]) -> dict[PageKey, str]:
    reasons = value.get("reasons", {})
    return {PageKey.parse(page): reasons.get(page, "") for page in value.get("pages", ())}
