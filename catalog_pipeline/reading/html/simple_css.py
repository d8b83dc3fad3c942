"""Plain CSS selectors, matched for all products and fields of a page in one walk.

Plain means tags and classes, inside (` `) or directly inside (`>`) each other, in any number of
alternatives: `h3 > a.title, .name`. They are most of what catalogues use. The walk costs a page
less than one XPath evaluation per field does, and it keeps the interpreter's lock, which many
threads would else pass around once per field and product. All other selectors are XPath's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cssselect
from cssselect.parser import Class, CombinedSelector, Element
from lxml import etree

_WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
_MOST_KINDS = 10_000

Chain = tuple["Compound", ...]


@dataclass(frozen=True)
class Compound:
    """One step of a selector: a tag, classes, and whether its parent must match the step before."""

    tag: str | None
    classes: frozenset[str]
    is_child: bool = False

    def fits(self, element: etree._Element) -> bool:
        return self.fits_kind(element.tag, element.get("class"))

    def fits_kind(self, tag: str, class_attribute: str | None) -> bool:
        if self.tag is not None and tag != self.tag:
            return False
        return not self.classes or self.classes <= _classes_of(class_attribute or "")


@lru_cache(maxsize=1_000)
def _classes_of(class_attribute: str) -> frozenset[str]:
    """The same few are above every product of a page, and of the next one."""
    return frozenset(_WHITE_SPACE.split(class_attribute))


def plain_chains(text: str) -> tuple[Chain, ...] | None:
    """The alternatives of a plain selector, None if the CSS is not plain."""
    chains = []
    for part in cssselect.parse(text):
        chain = None if part.pseudo_element else _chain(part.parsed_tree)
        if chain is None:
            return None
        chains.append(chain)
    return tuple(chains)


def _chain(tree: object, *, is_child: bool = False) -> Chain | None:
    if isinstance(tree, CombinedSelector):
        if tree.combinator not in (" ", ">"):
            return None
        before = _chain(tree.selector)
        last = _chain(tree.subselector, is_child=tree.combinator == ">")
        return before + last if before and last else None
    classes = set()
    while isinstance(tree, Class):
        classes.add(tree.class_name)
        tree = tree.selector
    if not isinstance(tree, Element) or tree.namespace:
        return None
    tag = tree.element.lower() if tree.element else None
    return (Compound(tag, frozenset(classes), is_child),)


@dataclass(frozen=True)
class PlainMatches:
    """What a plain selector matches: per product the first, and by its place what comes behind."""

    first: list[etree._Element | None]
    others: dict[int, list[etree._Element]]


class PlainMatcher:
    """Finds the matches of each of a set of plain selectors in each product."""

    def __init__(self, selectors: Iterable[str]) -> None:
        """Take the plain ones of `selectors`; the others are left to others."""
        plain = {text: plain_chains(text) for text in selectors}
        self.selectors = tuple(text for text, chains in plain.items() if chains)
        self._chains = [
            (number, chain)
            for number, text in enumerate(self.selectors)
            for chain in plain[text] or ()
        ]
        self._by_kind: dict[tuple[str, str | None], list[tuple[int, Chain]]] = {}

    def matches(self, products: Sequence[etree._Element]) -> dict[str, PlainMatches]:
        """For each selector its matches in all products, in the order of the page."""
        found = [PlainMatches([None] * len(products), {}) for _ in self.selectors]
        by_kind = self._by_kind
        for place, product in enumerate(products if self.selectors else ()):
            for element in product.iterdescendants():
                kind = (element.tag, element.get("class"))
                candidates = by_kind.get(kind)
                if candidates is None:
                    candidates = self._learn(kind)
                for number, chain in candidates:
                    if len(chain) > 1 and not _fits_above(element, product, chain):
                        continue
                    first = found[number].first
                    if first[place] is None:
                        first[place] = element
                    elif first[place] is not element:
                        others = found[number].others.setdefault(place, [])
                        if not others or others[-1] is not element:
                            others.append(element)
        return dict(zip(self.selectors, found, strict=True))

    def _learn(self, kind: tuple[str, str | None]) -> list[tuple[int, Chain]]:
        """The selectors whose last step fits elements of that tag and class attribute."""
        if len(self._by_kind) >= _MOST_KINDS:
            self._by_kind.clear()
        candidates = [entry for entry in self._chains if entry[1][-1].fits_kind(*kind)]
        self._by_kind[kind] = candidates
        return candidates


def _fits_above(element: etree._Element, product: etree._Element, chain: Chain) -> bool:
    """Whether the steps before the last one fit the elements between product and element."""
    if len(chain) == 1:
        return True
    step, above = chain[-2], chain[:-1]
    ancestor = element.getparent()
    while ancestor is not product:
        if step.fits(ancestor) and _fits_above(ancestor, product, above):
            return True
        if chain[-1].is_child:
            return False
        ancestor = ancestor.getparent()
    return False
