"""One notice: what it is about, its title and its text.

Its texts are plain, and what a site's text brings along cannot forge a line of them. Who finds
notices and who sends them is elsewhere in this package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.notify import NotifyRule
from catalog_pipeline.showing import as_message, shortened

LINES_SHOWN = 20
_LONGEST_LINE = 300


@dataclass(frozen=True)
class Notice:
    """What is told by a rule of one crawl or build, and to which variables' addresses.

    `about` is what it is of, such as a build: with the rule it makes the notice's number. `count`
    says how many products, pages or checks there are.
    """

    rule: str
    about: str
    at: datetime
    to: tuple[str, ...]
    title: str
    text: str
    count: int
    number: str


@dataclass(frozen=True)
class Occasion:
    """What notices are of: `about` tells it apart from all others, `words` say it to people."""

    about: str
    words: str
    at: datetime


def notice_of(
    catalogue: Catalogue,
    rule: NotifyRule,
    occasion: Occasion,
    lines: Sequence[str],
    what: str,
    more: str = "",
) -> Notice:
    """The notice of a rule that so many lines are of; `what` counts them, as in `3 products`.

    `more` says where those are to be found that are not shown.
    """
    condition = str(rule.condition)
    number = number_of(catalogue, condition, occasion.about)
    head = f"{catalogue.name}, {occasion.words}: {condition} ({what})"
    return Notice(
        rule=condition,
        about=occasion.about,
        at=occasion.at,
        to=catalogue.notify.addresses_of(rule) if catalogue.notify else (),
        title=as_message(shortened(f"{catalogue.name}: {condition} ({what})", _LONGEST_LINE)),
        text="\n".join([as_message(head), "", *_shown(lines, more), "", f"Notice {number}"]),
        count=len(lines),
        number=number,
    )


def number_of(catalogue: Catalogue, rule: str, about: str) -> str:
    """A short text that is the same for the same notice, and no other."""
    told = "\n".join([*catalogue.key_prefix, catalogue.name, rule, about])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _shown(lines: Sequence[str], more: str) -> Iterable[str]:
    for line in islice(lines, LINES_SHOWN):
        yield as_message(shortened(line, _LONGEST_LINE))
    left = len(lines) - LINES_SHOWN
    if left > 0:
        yield f"… and {left:,} more{f': {more}' if more else ''}"
