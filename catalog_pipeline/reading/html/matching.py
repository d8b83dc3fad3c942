"""From the products of a page to the texts of their fields, selector by selector.

A product's text is what the first match of the first selector that matches it holds: the element's
text, or its attribute. A match without the attribute, or with nothing but white space, counts as
no match. What the text means is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.reading.html.selectors import Match, Selector


@dataclass(frozen=True)
class Products:
    """The products of one page, in the page's order.

    `plain` has the first match in each product for those selectors that are plain CSS.
    """

    elements: list[etree._Element]
    plain: dict[str, list[etree._Element | None]]


class FieldMatcher:
    """Finds the texts of one field; belongs to one thread."""

    def __init__(
        self, selectors: Sequence[Selector], attribute: str | None, *, may_be_blank: bool = False
    ) -> None:
        self._attribute = attribute
        self._may_be_blank = may_be_blank
        self._selectors = [(selector.text, selector.compiled()) for selector in selectors]

    def texts(self, products: Products) -> list[str | None]:
        """One text or None per product, unfolded."""
        found: list[str | None] = [None] * len(products.elements)
        missing = list(range(len(found)))
        for number in range(len(self._selectors)):
            texts = self.texts_of_one(number, products, missing)
            if number == 0:
                found = texts
            else:
                for place in missing:
                    found[place] = texts[place]
            if None not in found:
                break
            missing = [place for place, text in enumerate(found) if text is None]
        return found

    def texts_of_one(
        self, number: int, products: Products, wanted: Iterable[int]
    ) -> list[str | None]:
        """The texts that one selector finds, at least for the products at the places wanted."""
        selector, evaluate = self._selectors[number]
        plain = products.plain.get(selector)
        if plain is not None:
            return [None if match is None else self._text(match) for match in plain]
        texts: list[str | None] = [None] * len(products.elements)
        for place in wanted:
            match = first_match(evaluate(products.elements[place]))
            texts[place] = None if match is None else self._text(match)
        return texts

    def _text(self, match: Match) -> str | None:
        if isinstance(match, str):
            text = match
        elif self._attribute is not None:
            text = match.get(self._attribute)
        elif len(match):
            text = etree.tostring(match, method="text", encoding="unicode", with_tail=False)
        else:
            text = match.text
        if self._may_be_blank:
            return "" if text is None and self._attribute is None else text
        return text if text and not text.isspace() else None


def first_match(result: object) -> Match | None:
    """The first of a selector's matches; numbers and truths of an XPath are texts."""
    if isinstance(result, list):
        return result[0] if result else None
    if isinstance(result, bool):
        return "true" if result else None
    if isinstance(result, float):
        if result != result:
            return None
        return str(int(result)) if result.is_integer() else repr(result)
    return str(result)


def elements_of(result: object, catalogue: str, key: str) -> list[etree._Element]:
    """The elements that a selector of products gave.

    Raises:
        CatalogueError: it gives something else, such as attributes or texts.
    """
    if isinstance(result, list) and all(isinstance(item, etree._Element) for item in result):
        return result
    raise CatalogueError(catalogue, key, "the selector gives no elements", "one that does")
