"""From the products of a page to the texts of their fields, selector by selector.

A product's text is what the first match of the first selector that matches it holds: the element's
text, or its attribute. A match without the attribute, or with nothing but white space, counts as
no match, and the next one is taken. What the text means, and what to do about other texts behind
the first, is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from catalog_pipeline.catalogue.field_types import NUMBERS, FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.findings import Texts
from catalog_pipeline.reading.html.computed import Digits, computed_text, with_digits_apart
from catalog_pipeline.reading.html.selectors import Match, Selector
from catalog_pipeline.reading.html.simple_css import PlainMatches
from catalog_pipeline.reading.html.text import number_text, visible_text
from catalog_pipeline.reading.text_budget import TextBudget

MAX_NESTED = 10
_MOST_PRICES = 20


@dataclass(frozen=True)
class Products:
    """The products of one page, in the page's order.

    `plain` has the matches in each product of those selectors that are plain CSS.
    """

    elements: list[etree._Element]
    plain: dict[str, PlainMatches]

    @cached_property
    def _copies(self) -> dict[Digits, list[etree._Element]]:
        return {}

    def apart(self, digits: Digits) -> list[etree._Element]:
        """The same products in a copy of the page, in which digits of two elements are apart."""
        if digits not in self._copies:
            self._copies[digits] = with_digits_apart(self.elements, digits)
        return self._copies[digits]


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


class FieldMatcher:
    """Finds the texts of one field; belongs to one thread."""

    def __init__(self, selectors: Sequence[Selector], field: Field) -> None:
        self._attribute = field.attribute
        self._may_be_blank = field.exists
        self._nth, self._many, self._join = field.nth, field.many, field.join
        self._kind = field.type
        self._text_of = number_text if field.type in NUMBERS else visible_text
        has_choice = field.exists or field.nth is not None
        self._most_others = 0 if has_choice else _most_others(field.type)
        self._selectors = [(selector.text, selector.compiled()) for selector in selectors]

    def texts(self, products: Products, budget: TextBudget) -> Texts:
        """The texts of all products, unfolded, each by the first selector that finds one.

        Raises:
            ParseError: the texts exceed the budget.
        """
        if self._join is not None:
            return Texts(self._joined_texts(products, budget))
        if self._nth in (None, "first") and not self._many:
            return self._first_texts(products, budget)
        every = self._all_texts(products, budget)
        if self._nth == "last":
            return Texts([texts[-1] if texts else None for texts in every])
        return Texts([texts[0] if texts else None for texts in every], every=every)

    def _first_texts(self, products: Products, budget: TextBudget) -> Texts:
        found = Texts([None] * len(products.elements))
        missing = list(range(len(products.elements)))
        for number in range(len(self._selectors)):
            texts = self.texts_of_one(number, products, missing, budget)
            if number == 0:
                found = texts
            else:
                for place in missing:
                    found.first[place] = texts.first[place]
                found.others.update(texts.others)
            if None not in found.first:
                break
            missing = [place for place, text in enumerate(found.first) if text is None]
        return found

    def _all_texts(self, products: Products, budget: TextBudget) -> list[list[str]]:
        """All texts of each product, in the order of the page, by the first selector with one."""
        found: list[list[str]] = []
        for place in range(len(products.elements)):
            of_selectors = (
                self._texts_in(number, products, place, budget)
                for number in range(len(self._selectors))
            )
            found.append(next(filter(None, of_selectors), []))
        return found

    def _joined_texts(self, products: Products, budget: TextBudget) -> list[str | None]:
        """The texts of all selectors put together, or of each the first or the last."""
        joined: list[str | None] = []
        part = {"first": slice(0, 1), "last": slice(-1, None)}.get(self._nth or "", slice(None))
        for place in range(len(products.elements)):
            texts = [
                " ".join(text.split())
                for number in range(len(self._selectors))
                for text in self._texts_in(number, products, place, budget)[part]
            ]
            joined.append((self._join or "").join(texts) if texts else None)
        return joined

    def _texts_in(
        self, number: int, products: Products, place: int, budget: TextBudget
    ) -> list[str]:
        texts = (self._text(match, budget) for match in self._matches(number, products, place))
        return [text for text in texts if text is not None]

    def _matches(self, number: int, products: Products, place: int) -> Sequence[Match]:
        selector, evaluate = self._selectors[number]
        plain = products.plain.get(selector)
        if plain is None:
            result = evaluate(products.elements[place])
            if isinstance(result, list):
                return result
            text = computed_text(
                result,
                self._kind,
                lambda digits: evaluate(products.apart(digits)[place]),
                is_asked_for=self._may_be_blank,
            )
            return () if text is None else (text,)
        first = plain.first[place]
        return () if first is None else (first, *plain.others.get(place, ()))

    def texts_of_one(
        self, number: int, products: Products, wanted: Sequence[int], budget: TextBudget
    ) -> Texts:
        """The texts that one selector finds, for the products at the places wanted."""
        plain = products.plain.get(self._selectors[number][0])
        first: list[str | None] = [None] * len(products.elements)
        others: dict[int, list[str]] = {}
        for place in wanted:
            if plain is not None and place not in plain.others:
                match = plain.first[place]
                if match is not None:
                    first[place] = self._text(match, budget)
                continue
            matches = self._matches(number, products, place)
            first[place], behind = self._first_and_others(matches, budget)
            if behind:
                others[place] = behind
        return Texts(first, others)

    def _first_and_others(
        self, matches: Sequence[Match], budget: TextBudget
    ) -> tuple[str | None, list[str]]:
        """The text of the first match that has one, which none that is blank hides, and others."""
        first: str | None = None
        others: list[str] = []
        for match in matches:
            text = self._text(match, budget)
            if text is None:
                continue
            if first is None:
                first = text
            elif text != first and text not in others:
                others.append(text)
            if len(others) >= self._most_others:
                break
        return first, others

    def _text(self, match: Match, budget: TextBudget) -> str | None:
        if isinstance(match, str):
            text = match
        elif self._attribute is not None:
            text = match.get(self._attribute)
        elif len(match):
            text = self._text_of(match)
        else:
            text = match.text
        if text:
            budget.take(text)
        if self._may_be_blank:
            return "" if text is None and self._attribute is None else text
        return text if text and not text.isspace() else None


def _most_others(kind: FieldType) -> int:
    """How many other texts of a product are looked at: mostly it is enough to know of one."""
    return _MOST_PRICES if kind is FieldType.MONEY else 1


def elements_of(result: object, catalogue: str, key: str) -> list[etree._Element]:
    """The elements that a selector of products gave.

    Raises:
        CatalogueError: it gives something else, such as attributes or texts.
    """
    if isinstance(result, list) and all(isinstance(item, etree._Element) for item in result):
        return result
    raise CatalogueError(catalogue, key, "the selector gives no elements", "one that does")
