"""Which listings a site has, as the latest crawl that asked for them has recorded it.

The latest materialization of the asset `listings` holds all of them with their addresses; an
observation after it says that they could not be had. Asking the site is in `runs.discovering`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from catalog_pipeline.catalogue.discovered import FoundListing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.instance.history import (
    MATERIALIZATION,
    OBSERVATION,
    Source,
    history_of,
)
from catalog_pipeline.orchestration.names import listings_path

_LISTINGS_KEY = "listings"
_COUNT_KEY = "count"
_VERSION_KEY = "rule"
_FOUND_AT_KEY = "found_at"
_PROBLEM_KEY = "error"


@dataclass(frozen=True)
class KnownListings:
    """The listings that were recorded, by the rule of the YAML that `version` is of.

    `problem` says why they could not be had since then, if somebody asked for them in vain.
    """

    listings: tuple[FoundListing, ...]
    version: str
    found_at: datetime
    problem: str = ""


def metadata_of_listings(
    listings: Sequence[FoundListing], version: str, found_at: datetime
) -> dict[str, Any]:
    """Metadata of the materialization that records them."""
    import dagster as dg

    named = [[each.name, each.text, each.address] for each in listings]
    return {
        _COUNT_KEY: dg.IntMetadataValue(len(listings)),
        _LISTINGS_KEY: dg.JsonMetadataValue(named),
        _VERSION_KEY: dg.TextMetadataValue(version),
        _FOUND_AT_KEY: dg.TimestampMetadataValue(found_at.timestamp()),
    }


def metadata_of_problem(problem: str) -> dict[str, Any]:
    """Metadata of the observation that they could not be had."""
    import dagster as dg

    return {_PROBLEM_KEY: dg.TextMetadataValue(problem)}


def read_listings(source: Source, catalogue: Catalogue) -> KnownListings | None:
    """What is recorded of the listings of a catalogue; None if nothing is."""
    history, path = history_of(source), listings_path(catalogue)
    recorded = history.newest(path, MATERIALIZATION)
    if recorded is None or not recorded.values.keys() >= {
        _LISTINGS_KEY,
        _VERSION_KEY,
        _FOUND_AT_KEY,
    }:
        return None
    values = recorded.values
    seen = history.newest(path, OBSERVATION)
    is_newer = seen is not None and seen.storage_id > recorded.storage_id
    return KnownListings(
        tuple(FoundListing(*map(str, each)) for each in values[_LISTINGS_KEY]),
        str(values[_VERSION_KEY]),
        datetime.fromtimestamp(round(values[_FOUND_AT_KEY], 6), timezone.utc),
        str(seen.values.get(_PROBLEM_KEY, "")) if seen is not None and is_newer else "",
    )


def with_known_listings(source: Source, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the listings that are recorded; as it is where its YAML names them."""
    if not catalogue.is_discovered:
        return catalogue
    known = read_listings(source, catalogue)
    if known is None:
        return catalogue.with_listings(())
    try:
        return catalogue.with_listings(known.listings, known.version)
    except ValueError:
        # Recorded for another `page_url`, by which two of them had not the same pages.
        return catalogue.with_listings(())


def why_not_known(source: Source, catalogue: Catalogue) -> str | None:
    """Why the listings of the site are not known, or not as they are now; None if nothing says so,
    or if the YAML names them."""
    if catalogue.discover is None:
        return None
    known = read_listings(source, catalogue)
    if known is None:
        return "the listings of the site are not discovered yet"
    if known.version != catalogue.discover.version:
        return "the listings of the site were discovered by another discover of the YAML"
    return known.problem or None


def listings_are_due(source: Source, catalogue: Catalogue, cutoff: datetime | None) -> bool:
    """Whether the site is to be asked for its listings, by what is recorded of them."""
    if catalogue.discover is None:
        return False
    known = read_listings(source, catalogue)
    if known is None or why_not_known(source, catalogue) is not None:
        return True
    return cutoff is not None and known.found_at < cutoff
