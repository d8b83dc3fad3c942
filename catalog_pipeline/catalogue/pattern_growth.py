"""Whether the time that a regular expression takes can explode with the length of a text.

It can where a loop may read the same text in two ways and what comes behind it may fail: then all
ways are tried, twice as many with each character. That is asked of the automaton of the pattern:
whether some text leads from one of its places back to it on two ways. How patterns are run is in
`catalog_pipeline.reading.values.patterns`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_pipeline.catalogue.pattern_automaton import (
    LOOPS,
    MOST_PAIRS,
    ONE_WAY,
    Automaton,
    TooLargeError,
)

if sys.version_info >= (3, 11):
    from re import _constants as sre
    from re import _parser as sre_parser
else:
    import sre_constants as sre
    import sre_parse as sre_parser


_MOST_TIMES = 1000


@dataclass(frozen=True)
class Growth:
    """How the time of a pattern grows: with which power of a text's length, unless it explodes."""

    power: int
    explodes: bool


def growth_of(pattern: re.Pattern[str]) -> Growth:
    """The growth of a pattern that is looked for anywhere in a text, rather too bad than too good.

    A pattern of many places, or nested deeply, is taken for one whose time explodes.
    """
    try:
        tree = sre_parser.parse(pattern.pattern, pattern.flags)
        # One for where the match begins, one for each loop of which each may end anywhere.
        power = 1 + _count_loops(tree)
        return Growth(power, any(_explodes(each, pattern.flags) for each in _parts(tree)))
    except (TooLargeError, RecursionError):
        return Growth(1, explodes=True)


def _explodes(nodes: Any, flags: int) -> bool:
    automaton = Automaton(flags)
    whole = automaton.sequence(nodes)
    taken = automaton.taken()
    for loop in _loops(automaton.ways, len(taken)):
        # What is right wherever the loop ends is right at the first try.
        if not automaton.may_fail_behind and loop <= set(whole.last):
            continue
        if _is_ambiguous(loop, automaton.ways, taken):
            return True
    return False


def _loops(ways: Iterable[tuple[int, int]], places: int) -> list[set[int]]:
    """Sets of places of which each leads to each."""
    there: dict[int, set[int]] = defaultdict(set)
    back: dict[int, set[int]] = defaultdict(set)
    for one, other in ways:
        there[one].add(other)
        back[other].add(one)
    loops, seen = [], set[int]()
    for place in range(places):
        if place not in seen:
            loop = _reached(there[place], there) & _reached(back[place], back)
            seen |= loop
            if loop:
                loops.append(loop)
    return loops


def _reached(starts: Iterable[Any], ways: dict[Any, set[Any]]) -> set[Any]:
    reached, waiting = set(starts), list(starts)
    while waiting:
        for other in ways.get(waiting.pop(), ()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def _is_ambiguous(
    loop: set[int], ways: Counter[tuple[int, int]], taken: Sequence[frozenset[str]]
) -> bool:
    """Whether a text leads from a place of the loop back to it on two ways."""
    inside = {way: count for way, count in ways.items() if loop.issuperset(way) and taken[way[1]]}
    if any(count > 1 for count in inside.values()):
        return True
    if len(inside) ** 2 > MOST_PAIRS:
        raise TooLargeError
    there: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    back: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    for one, one_next in inside:
        for other, other_next in inside:
            if taken[one_next] & taken[other_next]:
                there[one, other].add((one_next, other_next))
                back[one_next, other_next].add((one, other))
    return any(
        one != other
        for place in loop
        for one, other in _reached([(place, place)], there) & _reached([(place, place)], back)
    )


def _parts(tree: Any) -> Iterable[Any]:
    """The pattern, and what is looked for ahead, behind or once and for all, on its own."""
    yield tree
    for kind, value in _nodes(tree):
        if kind in (sre.ASSERT, sre.ASSERT_NOT):
            yield value[1]
        elif kind in ONE_WAY:
            yield value[-1] if isinstance(value, tuple) else value


def _count_loops(tree: Any, times: int = 1) -> int:
    """How many parts may be repeated, each as often as it stands there by a fixed number."""
    count = 0
    for kind, value in tree:
        inner = times
        if kind in LOOPS:
            least, most, _ = value
            count += times if most is sre.MAXREPEAT or most > max(least, 1) else 0
            inner = min(times * max(least, 1), _MOST_TIMES)
        count += sum(_count_loops(each, inner) for each in _trees(value))
    return count


def _nodes(tree: Any) -> Iterable[tuple[Any, Any]]:
    for kind, value in tree:
        yield kind, value
        for each in _trees(value):
            yield from _nodes(each)


def _trees(value: Any) -> Iterable[Any]:
    if isinstance(value, sre_parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _trees(each)
