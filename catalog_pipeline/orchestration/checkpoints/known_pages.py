"""Which pages a catalogue has: those of its YAML, or those that crawls have found.

Found pages are the keys of Dagster's dynamic partitions, and nothing else is kept of them. Keys
are added in the order of their numbers, so that Dagster's ranges are ranges of pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey, in_order
from catalog_pipeline.crawling.ports import Fence, unfenced
from catalog_pipeline.errors import PageKeyError
from catalog_pipeline.orchestration.checkpoints.known_listings import with_known_listings
from catalog_pipeline.orchestration.checkpoints.reader import pages_named
from catalog_pipeline.orchestration.instance.history import MATERIALIZATION, Source, history_of
from catalog_pipeline.orchestration.names import DISCOVER_PARTITION, found_pages_name, pages_path

if TYPE_CHECKING:
    import dagster as dg

_KEYS_AT_ONCE = 1000


def with_known_pages(source: Source, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the pages that it has now; as it is where its YAML says them."""
    if catalogue.is_fixed:
        return catalogue
    catalogue = with_known_listings(source, catalogue)
    return catalogue.with_pages(found_pages(source, catalogue))


def found_pages(source: Source, catalogue: Catalogue) -> tuple[PageKey, ...]:
    """The pages that crawls have found, and those of the YAML beside them, in order.

    Where a partition is gone from amidst a listing, its page is one all the same, and due. One that
    was made by hand, far beyond the others, is no page.
    """
    partitions = history_of(source).found_partitions(found_pages_name(catalogue))
    found = set(filter(catalogue.may_have, pages_named(catalogue, partitions).values()))
    return tuple(sorted(_in_series(source, catalogue, found)))


def add_found_pages(
    instance: dg.DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> None:
    """Make partitions of pages, in order; those that are partitions already stay as they are."""
    name = found_pages_name(catalogue)
    keys = [str(page) for page in in_order(set(pages))]
    # Dagster itself leaves out those that are there, which costs no look at all the others.
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        instance.add_dynamic_partitions(name, keys[start : start + _KEYS_AT_ONCE])


def partition_maker(
    instance: dg.DagsterInstance, catalogue: Catalogue, fence: Fence = unfenced
) -> Callable[[Sequence[PageKey]], None]:
    """Makes partitions of pages that have none, if the `fence` lets it; for pages of the YAML there
    is nothing to do."""
    if catalogue.is_fixed:
        return lambda pages: None
    known = set(catalogue.pages)

    def make(pages: Sequence[PageKey]) -> None:
        new = [page for page in pages if page not in known]
        if new:
            fence(lambda: add_found_pages(instance, catalogue, new))
            known.update(new)

    return make


def seed_pages(instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
    """Make a partition of the first page of each listing, so that there is one to materialize, and
    of those that the YAML says; those of listings that it names no more are partitions no more.

    While it is not known which listings a site has, there is a partition that stands for all.
    """
    if catalogue.is_fixed:
        return
    name = found_pages_name(catalogue)
    # In this order: pages that come meanwhile are of listings that are known by then.
    partitions = instance.get_dynamic_partitions(name)
    catalogue = with_known_listings(instance, catalogue)
    if not catalogue.all_listings:
        if not partitions:
            instance.add_dynamic_partitions(name, [DISCOVER_PARTITION])
        return
    if DISCOVER_PARTITION in partitions and not catalogue.is_discovered:
        instance.delete_dynamic_partition(name, DISCOVER_PARTITION)
    named = set(pages_named(catalogue, partitions).values())
    there = set(filter(catalogue.may_have, named))
    for page in named - there:
        instance.delete_dynamic_partition(name, str(page))
    with_pages = {page.listing for page in there}
    wanted = set[PageKey]()
    for listing in catalogue.all_listings:
        wanted.update(listing.pages)
        if listing.name not in with_pages:
            wanted.add(listing.first_key)
    wanted |= _in_series(instance, catalogue, there)
    if wanted - there:
        add_found_pages(instance, catalogue, wanted - there)
    if wanted - there or list(partitions) != sorted(partitions, key=_order):
        sort_found_pages(instance, catalogue)


def drop_stand_in(instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
    """Let what stood for all listings be a partition no more, now that they are known."""
    name = found_pages_name(catalogue)
    if instance.has_dynamic_partition(name, DISCOVER_PARTITION):
        instance.delete_dynamic_partition(name, DISCOVER_PARTITION)


def sort_found_pages(instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
    """Put the partitions in the order of their pages: a range of Dagster's is of all that are
    between its ends in theirs. Those of several listings do not have it when they are found, nor
    have those that fill a gap, or were made by hand."""
    from catalog_pipeline.orchestration.instance.partition_order import sort_partitions

    if not catalogue.is_fixed:
        sort_partitions(instance, found_pages_name(catalogue), _order)


def _order(partition: str) -> tuple[bool, PageKey | str]:
    try:
        return False, PageKey.parse(partition)
    except PageKeyError:
        return True, partition


def _in_series(source: Source, catalogue: Catalogue, found: Set[PageKey]) -> set[PageKey]:
    """The found pages, with those that are lacking in a series and without those far off."""
    numbers = _by_listing(found)
    gappy = {
        each.name: each for each in catalogue.all_listings if each.has_gaps(numbers[each.name])
    }
    if not gappy:
        return set(found)
    recorded = history_of(source).latest_ids(pages_path(catalogue), MATERIALIZATION)
    done = _by_listing(pages_named(catalogue, recorded).values())
    whole = {page for page in found if page.listing not in gappy}
    for name, listing in gappy.items():
        series = listing.without_gaps(numbers[name], done[name])
        whole.update(PageKey(number, name) for number in series)
    return whole


def _by_listing(pages: Iterable[PageKey]) -> defaultdict[str | None, set[int]]:
    numbers = defaultdict[str | None, set[int]](set)
    for page in pages:
        numbers[page.listing].add(page.number)
    return numbers


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
