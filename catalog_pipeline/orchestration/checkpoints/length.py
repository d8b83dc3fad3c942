"""What a catalogue's history says of the length of its listing.

How a page shows that there are more, or fewer, is known to `crawling.verdicts`.
"""

from collections.abc import Iterator

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.verdicts import seems_to_end
from catalog_pipeline.orchestration.checkpoints.standing import Standing
from catalog_pipeline.orchestration.checkpoints.table_state import LastBuild, has_other_pages

_CUT_SHORT = (
    "the shop refuses pages after its first 25,000 products, or after fewer: there may be more "
    "products than the table has"
)
_UNKNOWN_END = "the end of the listing is not confirmed yet; a run over all pages looks for it"


def length_verdicts(
    catalogue: Catalogue, standing: Standing, built: LastBuild | None
) -> tuple[str, ...]:
    """Sentences about a listing that is not as long as the YAML says; none if nothing shows it."""
    done, failures = standing.statuses.done, standing.failures
    untried = standing.statuses.failed.keys() - failures.keys()
    # Whoever names the pages one by one has named one that is not there, and no end.
    fixed = [
        each
        for each in standing.listings
        if each.last_number is not None and each.template is not None
    ]
    is_of_today = built is not None and not has_other_pages(built, standing.pages)
    says_its_end = any(each.says_its_end for each in standing.listings)
    more = built.goes_on if built and says_its_end and is_of_today else None
    fewer = [seems_to_end(each.pages, done, failures, untried) for each in fixed]
    return tuple(told for told in (*_of_found_end(catalogue, standing), more, *fewer) if told)


def _of_found_end(catalogue: Catalogue, standing: Standing) -> Iterator[str]:
    if standing.listings_unknown is not None:
        yield standing.listings_unknown
    if not catalogue.finds_pages:
        return
    if standing.end is None:
        if standing.pages:
            yield _UNKNOWN_END
        return
    if catalogue.preset == "shopify" and "status 400" in standing.end.signs:
        yield _CUT_SHORT
    yield from _of_lone_pages(catalogue, standing)


def _of_lone_pages(catalogue: Catalogue, standing: Standing) -> Iterator[str]:
    """A rule that finds no next page on the first one may be a wrong one."""
    linked = {listing.name: list[PageKey]() for listing in standing.listings if listing.is_linked}
    for page in standing.pages:
        if page.listing in linked:
            linked[page.listing].append(page)
    lone = [pages[0] for pages in linked.values() if len(pages) == 1]
    if catalogue.is_discovered and len(linked) > 1:
        # They have one rule, which one that goes on shows to be right.
        if len(lone) == len(linked):
            yield (
                f"no page of the {len(linked)} listings leads to another, so that each has but "
                f"one; if there are more, pages.next is wrong"
            )
        return
    for page in lone:
        yield (
            f"page {page} leads to no other, so that it is the only one of its listing; if "
            f"there are more, pages.next is wrong"
        )
