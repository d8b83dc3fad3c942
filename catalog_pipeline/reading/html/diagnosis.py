"""Why a selector finds nothing: how much of it does, what is there instead, and known traps.

Used for `try` in full and for the error of a failed page in short. Nothing here decides whether a
page is good. How selectors are taken apart is in `selector_parts`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lxml import etree

from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.reading.html.selector_parts import (
    Step,
    alternatives,
    joined,
    steps,
    without_positions,
    without_step,
)
from catalog_pipeline.reading.html.selectors import Selector

MOST_ROOTS = 50
_MOST_KINDS = 4
_MOST_ELEMENTS = 20_000
_HASHED_CLASS = re.compile(
    r"\.((?:[A-Za-z][\w-]*?(?:__|--?))(?=[\w-]*[0-9A-Z])[A-Za-z0-9]{5,}|css-[a-z0-9]{5,}"
    r"|sc-[A-Za-z0-9]{5,}|jsx-[0-9]+|_[A-Za-z0-9]*[0-9][A-Za-z0-9]{3,})(?![\w-])"
)

SelectorMaker = Callable[[str], Selector]


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a selector that found nothing.

    `part` is the longest beginning of it that matches, `matched` how many elements (of the page) or
    products (of a field) it matches in; `missing` is the step that does not follow, empty if all
    of the selector matches and only finds nothing to take.
    """

    selector: str
    part: str
    matched: int
    missing: str
    instead: tuple[str, ...]
    traps: tuple[str, ...]
    is_near: bool = True
    """Whether `instead` is written much like what is missing."""

    @property
    def sentence(self) -> str:
        """All of it, in one sentence."""
        if not self.missing:
            return f"{self.part!r} matches {self.matched}, without text or attribute to take"
        begins = (
            f"{self.part!r} matches {self.matched}, but {self.missing!r} does not follow"
            if self.part
            else f"nothing matches {self.missing!r}"
        )
        there = f"; there is: {', '.join(self.instead)}" if self.instead else ""
        traps = "".join(f"; {trap}" for trap in self.traps)
        return f"{begins}{there}{traps}"

    @property
    def brief(self) -> str:
        """The most telling part of the sentence, empty if nothing is known."""
        if self.traps:
            return self.traps[0]
        if not self.missing or not (self.part or self.is_near):
            return ""
        there = f" (there is: {', '.join(self.instead[:2])})" if self.instead else ""
        if not self.part:
            return f"nothing matches {self.missing!r}{there}"
        return f"{self.part!r} matches {self.matched}, but {self.missing!r} does not follow{there}"


def diagnose(selector: Selector, roots: Sequence[etree._Element], make: SelectorMaker) -> Diagnosis:
    """How far a selector gets that found nothing in `roots`: the page's root, or products.

    `make` compiles a text as the selector itself was.
    """
    text = selector.text.removeprefix("xpath:").strip()
    count = _Counter(roots[:MOST_ROOTS], make, selector.text.startswith("xpath:"))
    is_css = selector.is_css
    found = [
        _of_one(one, count, is_css=is_css) for one in alternatives(text, is_css=is_css) or [text]
    ]
    return best(found)


class _Counter:
    """Counts and finds the matches of texts that may be no selectors at all."""

    def __init__(self, roots: Sequence[etree._Element], make: SelectorMaker, is_marked: bool):
        self.roots = roots
        self._make = make
        self._prefix = "xpath:" if is_marked else ""

    def matches(self, text: str) -> list[object]:
        try:
            evaluate = self._make(self._prefix + text).compiled()
            results = [evaluate(root) for root in self.roots]
        except (CatalogueError, etree.XPathError):
            return []
        return [match for result in results if isinstance(result, list) for match in result]

    def number(self, text: str) -> int:
        return len(self.matches(text))


def _of_one(text: str, count: _Counter, *, is_css: bool) -> Diagnosis:
    whole = count.matches(text)
    if whole:
        return Diagnosis(text, text, len(whole), "", (), ())
    parts = steps(text, is_css=is_css)
    traps = _traps(text, parts, count, is_css=is_css)
    for length in range(len(parts) - 1, 0, -1):
        beginning = joined(parts[:length])
        if beginning.strip("./") and (matched := count.matches(beginning)):
            step = parts[length]
            wanted = f"{step.joint.strip()} {step.text}".strip() if is_css else step.text
            nearer = _relaxed(beginning + step.joint, step, count) if is_css else None
            instead = (nearer,) if nearer else _kinds_inside(matched)
            return Diagnosis(text, beginning, len(matched), wanted, instead, traps)
    first = parts[0] if parts else Step("", text)
    nearer = _relaxed("", first, count) if is_css else None
    near = tuple(filter(None, [nearer, *_similar(first, count.roots)]))
    return Diagnosis(text, "", 0, first.text, near or _repeated(count.roots), traps, bool(near))


def _relaxed(before: str, step: Step, count: _Counter) -> str | None:
    """The longest beginning of a step that matches, if it is more than its tag."""
    for length in range(len(step.parts) - 1, 0, -1):
        beginning = "".join(step.parts[:length])
        matched = count.number(before + beginning)
        if matched:
            return f"{matched} {beginning} without {''.join(step.parts[length:])}"
    return None


def _traps(text: str, parts: tuple[Step, ...], count: _Counter, *, is_css: bool) -> tuple[str, ...]:
    traps = []
    bare = without_step(parts, "tbody")
    if bare and (matched := count.number(bare)):
        traps.append(f"browsers put in tbody, the page has none: {bare!r} matches {matched}")
    placeless = without_positions(text, is_css=is_css)
    if placeless and (matched := count.number(placeless)):
        traps.append(f"positions change from page to page: {placeless!r} matches {matched}")
    for hashed in dict.fromkeys(_HASHED_CLASS.findall(text) if is_css else ()):
        traps.append(_hashed(hashed, text, count))
    return tuple(traps)


def _hashed(name: str, text: str, count: _Counter) -> str:
    stem = re.sub(r"[A-Za-z0-9]+$", "", name)
    general = text.replace(f".{name}", f'[class*="{stem}"]') if len(stem) > 3 else ""
    matched = count.number(general) if general else 0
    hint = f": {general!r} matches {matched}" if matched else ""
    return f"the class {name} looks made by a build, and changes with the next{hint}"


def _kinds_inside(matches: list[object]) -> tuple[str, ...]:
    elements = [match for match in matches[:MOST_ROOTS] if isinstance(match, etree._Element)]
    kinds = Counter(_kind(child) for element in elements for child in element)
    return _shown(kinds) or ("nothing in it",)


def _repeated(roots: Sequence[etree._Element]) -> tuple[str, ...]:
    """What occurs most on the page, among elements that have a class or id."""
    kinds = Counter(
        _kind(element)
        for element in _some_elements(roots)
        if element.get("class") and element.tag not in ("i", "b", "br", "link", "script")
    )
    return _shown(Counter({kind: number for kind, number in kinds.items() if number > 1}))


def _similar(step: Step, roots: Sequence[etree._Element]) -> list[str]:
    """Classes and ids of the page that are written much like those of the step."""
    import difflib

    names = Counter(
        mark + name
        for element in _some_elements(roots)
        for mark, attribute in ((".", "class"), ("#", "id"))
        for name in (element.get(attribute) or "").split()
    )
    wanted = [part for part in step.parts if part[0] in ".#" and part not in names]
    near = [
        name
        for part in wanted
        for name in difflib.get_close_matches(part, names, n=2, cutoff=0.7)
        if name[0] == part[0]
    ]
    return [f"{names[name]} {name}" for name in near]


def _some_elements(roots: Sequence[etree._Element]) -> list[etree._Element]:
    found: list[etree._Element] = []
    for root in roots:
        for element in root.iter(etree.Element):
            found.append(element)
            if len(found) >= _MOST_ELEMENTS:
                return found
    return found


def _kind(element: etree._Element) -> str:
    classes = (element.get("class") or "").split()[:2]
    return str(element.tag) + "".join(f".{name}" for name in classes)


def _shown(kinds: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{number} {kind[:60]}" for kind, number in kinds.most_common(_MOST_KINDS))


def best(diagnoses: Sequence[Diagnosis]) -> Diagnosis:
    """The one that knows most."""
    return max(diagnoses, key=lambda found: (bool(found.traps), bool(found.part), found.is_near))
