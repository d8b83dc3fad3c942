"""How sentences of ours count things, wherever they are said.

Not here: text that comes from elsewhere (`showing`), and instants and durations (`cli.times`).
"""

from collections.abc import Iterable, Iterator
from itertools import islice

MOST_TOLD = 20
_LEAST_TENTHS = 0.05
_SLOW = 9.95
_MOST_IN_DIGITS = 1e9


def counted(number: int, noun: str) -> str:
    """A number of things: `1 page`, `1,200 pages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def first_of(sentences: Iterable[str]) -> Iterator[str]:
    """As many of them as people read, and how many more there are."""
    rest = iter(sentences)
    yield from islice(rest, MOST_TOLD)
    more = sum(1 for _ in rest)
    if more:
        yield f"{more:,} more"


def changes_told(new: int, gone: int, returned: int, changed: int, values: int) -> str:
    """What a build found otherwise: how many products, and how many values of the changed ones."""
    told = (
        f"{new:,} new, {gone:,} gone, {returned:,} returned, {counted(changed, 'changed product')}"
    )
    return f"{told} ({counted(values, 'value')})" if values else told


def percent_told(share: float) -> str:
    """By how many per cent something is another: `-20.1 %`; a change is never one of 0.0 %."""
    size = abs(share)
    if 0 < size < _LEAST_TENTHS:
        return f"{share:+.1g} %"
    return f"{share:+,.1f} %" if size < _MOST_IN_DIGITS else f"{share:+.1e} %"


def rate_told(pages_per_second: float) -> str:
    """How fast pages come: `0.4 pages/s`, `120 pages/s`."""
    digits = 1 if pages_per_second < _SLOW else 0
    return f"{pages_per_second:.{digits}f} pages/s"
