"""What reads the records of a page from its body, and which reader a catalogue has.

`Reader` is all that crawling knows of reading. How a kind of body is read belongs in a package of
its own beside this module: `html`, and `json`.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogPipelineError, CatalogueError, PoisonousPageError
from catalog_pipeline.reading.discovery import ListingLinks
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.reading.told import telling_reader
from catalog_pipeline.reading.values.patterns import Pattern
from catalog_pipeline.records import Reading


class Reader(Protocol):
    """Reads the pages of one catalogue; threads share it."""

    def read(
        self, body: bytes, *, url: str, page: PageKey, content_type: str | None = None
    ) -> Reading:
        """The records of a page, one list per column of the catalogue, all of one length.

        Raises:
            ParseError: the page is not what the catalogue's YAML says; it names page and URL, and
                product, field and text as far as one of them is to blame.
            ParseLimitError: it takes longer than `limits.parse_seconds`.
        """


def reader_of(catalogue: Catalogue) -> Reader:
    """The reader of a catalogue's pages, with everything that the YAML says of them checked.

    Raises:
        CatalogueError: a selector, pattern or value map cannot be used.
    """
    for view in catalogue.described_listings():
        telling_reader(view)
    if catalogue.discover is not None:
        ListingLinks(catalogue, catalogue.discover)
    check_unwatched_patterns(catalogue)
    return products_reader(catalogue)


def products_reader(catalogue: Catalogue) -> Reader:
    """The same with those parts checked alone that are about products and their fields.

    Raises:
        CatalogueError: a selector, pattern or value map cannot be used.
    """
    if catalogue.records.is_json:
        from catalog_pipeline.reading.json.listing import JsonListingParser

        return JsonListingParser(catalogue)
    return ListingParser(catalogue)


def check_unwatched_patterns(catalogue: Catalogue) -> None:
    """Refuse patterns that nothing would end outside of the processes that read pages.

    Raises:
        CatalogueError: there is one; it names all of them.
    """
    found: list[Mistake] = []
    patterns = {f"checks.{name}": check.pattern for name, check in catalogue.checks.values.items()}
    patterns["discover"] = catalogue.discover.pattern if catalogue.discover else None
    for place, pattern in patterns.items():
        if pattern is not None and Pattern(pattern).may_hang:
            problem = (
                f"the time that {pattern!r} takes can explode, and its options, such as (?x) or "
                f"(?a), keep it from the engine that has a time limit"
            )
            found.append(Mistake(f"{place}.pattern", problem, "one without them"))
    if found:
        raise CatalogueError.of(catalogue.name, found)


@contextmanager
def alone_to_blame(page: PageKey) -> Iterator[None]:
    """Whatever breaks in here that nobody foresaw is the page's, and costs no other one.

    Raises:
        PoisonousPageError: something broke.
    """
    try:
        yield
    except CatalogPipelineError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise PoisonousPageError(
            f"reading it broke: {type(error).__name__}: {error} "
            f"({os.path.basename(place.filename)}, line {place.lineno})",
            page=page,
        ) from error
