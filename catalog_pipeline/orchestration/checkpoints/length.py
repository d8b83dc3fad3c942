"""What a catalogue's history says of the length of its listing.

How a page shows that there are more, or fewer, is known to `crawling.verdicts`.
"""

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.verdicts import seems_to_end
from catalog_pipeline.orchestration.checkpoints.standing import Standing
from catalog_pipeline.orchestration.checkpoints.table_state import LastBuild

_CUT_SHORT = (
    "the shop refuses pages after its first 25,000 products, or after fewer: there may be more "
    "products than the table has"
)
_UNKNOWN_END = "the end of the listing is not confirmed yet; a run over all pages looks for it"


def length_verdicts(
    catalogue: Catalogue, standing: Standing, built: LastBuild | None
) -> tuple[str, ...]:
    """Sentences about a listing that is not as long as the YAML says; none if nothing shows it."""
    if not catalogue.is_fixed:
        if standing.end is None:
            return (_UNKNOWN_END,)
        is_cut_short = catalogue.preset == "shopify" and "status 400" in standing.end.signs
        return (_CUT_SHORT,) if is_cut_short else ()
    done, failures = standing.statuses.done, standing.failures
    listings = (catalogue.pages_of_listing(each.name) for each in catalogue.all_listings)
    fewer = [seems_to_end(pages, done, failures) for pages in listings]
    return tuple(told for told in (built.goes_on if built else None, *fewer) if told)
