"""Which pages a catalogue has: those of its YAML, or those that crawls have found.

Found pages are the keys of Dagster's dynamic partitions, and nothing else is kept of them. Keys
are added in the order of their numbers, so that Dagster's ranges are ranges of pages.
"""

from collections.abc import Callable, Iterable, Sequence

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import pages_named
from catalog_pipeline.orchestration.names import found_pages_name

_KEYS_AT_ONCE = 1000


def with_known_pages(instance: dg.DagsterInstance, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the pages that it has now; as it is where its YAML says them."""
    if catalogue.is_fixed:
        return catalogue
    return catalogue.with_pages(found_pages(instance, catalogue))


def found_pages(instance: dg.DagsterInstance, catalogue: Catalogue) -> tuple[PageKey, ...]:
    """The pages that crawls have found, in order."""
    partitions = instance.get_dynamic_partitions(found_pages_name(catalogue))
    return tuple(sorted(pages_named(catalogue, partitions).values()))


def add_found_pages(
    instance: dg.DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> None:
    """Make partitions of pages, in order; those that are partitions already stay as they are."""
    name = found_pages_name(catalogue)
    there = set(instance.get_dynamic_partitions(name))
    keys = [str(page) for page in sorted(set(pages)) if str(page) not in there]
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        instance.add_dynamic_partitions(name, keys[start : start + _KEYS_AT_ONCE])


def partition_maker(
    instance: dg.DagsterInstance, catalogue: Catalogue
) -> Callable[[Sequence[PageKey]], None]:
    """Makes partitions of pages that have none; for pages of the YAML there is nothing to do."""
    if catalogue.is_fixed:
        return lambda pages: None
    known = set(catalogue.pages)

    def make(pages: Sequence[PageKey]) -> None:
        new = [page for page in pages if page not in known]
        if new:
            add_found_pages(instance, catalogue, new)
            known.update(new)

    return make


def seed_pages(instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
    """Make a partition of the first page, so that a new catalogue has one to materialize."""
    if not catalogue.is_fixed and not found_pages(instance, catalogue):
        add_found_pages(instance, catalogue, [catalogue.first_key])


def remove_found_pages(
    instance: dg.DagsterInstance, catalogue: Catalogue, key: dg.AssetKey, pages: Iterable[PageKey]
) -> None:
    """Let pages be partitions no more; nothing of them counts if they come again.

    Wiped first: a page that only lost its partition would be done as soon as it came again.
    """
    partitions = [str(page) for page in pages]
    instance.wipe_asset_partitions(key, partitions)
    for partition in partitions:
        instance.delete_dynamic_partition(found_pages_name(catalogue), partition)
