"""Which listings a site has, as the latest crawl that asked for them has recorded it.

The latest materialization of the asset `listings` holds all of them with their addresses; an
observation after it says that they could not be had. Asking the site is in `runs.discovering`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.discovered import FoundListing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import listings_key

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
    named = [[each.name, each.text, each.address] for each in listings]
    return {
        _COUNT_KEY: dg.IntMetadataValue(len(listings)),
        _LISTINGS_KEY: dg.JsonMetadataValue(named),
        _VERSION_KEY: dg.TextMetadataValue(version),
        _FOUND_AT_KEY: dg.TimestampMetadataValue(found_at.timestamp()),
    }


def metadata_of_problem(problem: str) -> dict[str, Any]:
    """Metadata of the observation that they could not be had."""
    return {_PROBLEM_KEY: dg.TextMetadataValue(problem)}


def read_listings(instance: dg.DagsterInstance, catalogue: Catalogue) -> KnownListings | None:
    """What is recorded of the listings of a catalogue; None if nothing is."""
    key = listings_key(catalogue)
    records = instance.fetch_materializations(key, limit=1).records
    if not records or records[0].asset_materialization is None:
        return None
    values: dict[str, Any] = {
        label: entry.value for label, entry in records[0].asset_materialization.metadata.items()
    }
    if not values.keys() >= {_LISTINGS_KEY, _VERSION_KEY, _FOUND_AT_KEY}:
        return None
    observed = instance.fetch_observations(key, limit=1).records
    is_newer = bool(observed) and observed[0].storage_id > records[0].storage_id
    seen = observed[0].asset_observation if is_newer else None
    return KnownListings(
        tuple(FoundListing(*map(str, each)) for each in values[_LISTINGS_KEY]),
        str(values[_VERSION_KEY]),
        datetime.fromtimestamp(round(values[_FOUND_AT_KEY], 6), timezone.utc),
        str(seen.metadata[_PROBLEM_KEY].value) if seen and _PROBLEM_KEY in seen.metadata else "",
    )


def with_known_listings(instance: dg.DagsterInstance, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the listings that are recorded; as it is where its YAML names them."""
    if not catalogue.is_discovered:
        return catalogue
    known = read_listings(instance, catalogue)
    try:
        return catalogue.with_listings(known.listings if known is not None else ())
    except ValueError:
        # Recorded for another `page_url`, by which two of them had not the same pages.
        return catalogue.with_listings(())


def why_not_known(instance: dg.DagsterInstance, catalogue: Catalogue) -> str | None:
    """Why the listings of the site are not known, or not as they are now; None if nothing says so,
    or if the YAML names them."""
    if catalogue.discover is None:
        return None
    known = read_listings(instance, catalogue)
    if known is None:
        return "the listings of the site are not discovered yet"
    if known.version != catalogue.discover.version:
        return "the listings of the site were discovered by another discover of the YAML"
    return known.problem or None


def listings_are_due(
    instance: dg.DagsterInstance, catalogue: Catalogue, cutoff: datetime | None
) -> bool:
    """Whether the site is to be asked for its listings, by what is recorded of them."""
    if catalogue.discover is None:
        return False
    known = read_listings(instance, catalogue)
    if known is None or why_not_known(instance, catalogue) is not None:
        return True
    return cutoff is not None and known.found_at < cutoff
