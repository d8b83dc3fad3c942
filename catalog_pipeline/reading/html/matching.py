"""From the products of a page to the texts of their fields, selector by selector.

A product's text is what the first match of the first selector that matches it holds: the element's
text, or its attribute. A match without the attribute, or with nothing but white space, counts as
no match, and the next one is taken. What the text means is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from catalog_pipeline.catalogue.politeness import Limits
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.html.selectors import Match, Selector
from catalog_pipeline.reading.html.text import visible_text

MAX_NESTED = 10


@dataclass(frozen=True)
class Products:
    """The products of one page, in the page's order.

    `plain` has the first match in each product for those selectors that are plain CSS.
    """

    elements: list[etree._Element]
    plain: dict[str, list[etree._Element | None]]


def check_nesting(elements: Sequence[etree._Element]) -> None:
    """Refuse products that lie in each other more than `MAX_NESTED` deep.

    Each of them holds all that is in it, so that work and memory would grow with the square.

    Raises:
        ParseError: they do.
    """
    products = set(elements)
    around: dict[etree._Element, int] = {}
    for element in elements:
        path: list[etree._Element] = []
        node: etree._Element | None = element
        while node is not None and node not in around:
            path.append(node)
            node = node.getparent()
        depth = around[node] if node is not None else 0
        for step in reversed(path):
            depth += step in products
            around[step] = depth
        if depth > MAX_NESTED:
            raise ParseError(
                f"products lie in each other more than {MAX_NESTED} deep; the selector of "
                f"`product` also matches what holds products"
            )


class TextBudget:
    """How many bytes of texts a page may still give, and each of its values at most."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_rows_bytes

    def anew(self) -> TextBudget:
        """The whole budget once more."""
        return TextBudget(self._limits)

    def take(self, text: str) -> str:
        """Count a text that a selector gave, and return it.

        Raises:
            ParseError: it is too long for a value, or the page's texts are together.
        """
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if size > self._limits.max_cell_bytes:
            raise ParseError(
                f"a text of {size} bytes is more than the {self._limits.max_cell_bytes} that "
                f"limits.max_cell_bytes allows"
            )
        self._left -= size
        if self._left < 0:
            raise ParseError(
                f"the texts of the page's products are more than the "
                f"{self._limits.max_rows_bytes} bytes that limits.max_rows_bytes allows"
            )
        return text


class FieldMatcher:
    """Finds the texts of one field; belongs to one thread."""

    def __init__(
        self, selectors: Sequence[Selector], attribute: str | None, *, may_be_blank: bool = False
    ) -> None:
        self._attribute = attribute
        self._may_be_blank = may_be_blank
        self._selectors = [(selector.text, selector.compiled()) for selector in selectors]

    def texts(self, products: Products, budget: TextBudget) -> list[str | None]:
        """One text or None per product, unfolded.

        Raises:
            ParseError: the texts exceed the budget.
        """
        found: list[str | None] = [None] * len(products.elements)
        missing = list(range(len(found)))
        for number in range(len(self._selectors)):
            texts = self.texts_of_one(number, products, missing, budget)
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
        self, number: int, products: Products, wanted: Iterable[int], budget: TextBudget
    ) -> list[str | None]:
        """The texts that one selector finds, at least for the products at the places wanted."""
        selector, evaluate = self._selectors[number]
        plain = products.plain.get(selector)
        texts: list[str | None] = [None] * len(products.elements)
        for place in wanted if plain is None else range(len(texts)):
            if plain is not None:
                match = plain[place]
                if match is None:
                    continue
                texts[place] = self._text(match, budget)
                if texts[place] is not None:
                    continue
            texts[place] = self._first_text(evaluate(products.elements[place]), budget)
        return texts

    def _first_text(self, result: object, budget: TextBudget) -> str | None:
        """The text of the first match that has one; a blank one hides none behind it."""
        if not isinstance(result, list):
            text = scalar_text(result)
            return None if text is None else self._text(text, budget)
        texts = (self._text(match, budget) for match in result)
        return next((text for text in texts if text is not None), None)

    def _text(self, match: Match, budget: TextBudget) -> str | None:
        if isinstance(match, str):
            text = match
        elif self._attribute is not None:
            text = match.get(self._attribute)
        elif len(match):
            text = visible_text(match)
        else:
            text = match.text
        if text:
            budget.take(text)
        if self._may_be_blank:
            return "" if text is None and self._attribute is None else text
        return text if text and not text.isspace() else None


def scalar_text(result: object) -> str | None:
    """What an XPath gives that selects nothing but computes: numbers and truths are texts."""
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
