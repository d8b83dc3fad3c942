"""How the pages of a listing are found, as a catalogue's YAML says it under `pages`.

Only the description and its checks belong here. How the end of a listing is recognised and
confirmed is in `catalog_pipeline.crawling.scheduling`, how a page tells something of its listing in
`catalog_pipeline.reading.told`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, field_validator, model_validator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.bounds import Count, PageNumber, Share
from catalog_pipeline.catalogue.fields import Pattern, Selectors, StrictModel
from catalog_pipeline.catalogue.spelling import meant

_NO_ENDS = (401, 403, 407, 408, 425, 429)
"""Statuses of a site that refuses or postpones: they say nothing of what there is."""


class FixedLength(StrictModel):
    """The YAML says how long the listing is: the long form of `last_page`."""

    kind: Literal["fixed"]
    """That the YAML says it."""
    last: PageNumber
    """Number of the last listing page."""


class EndSigns(StrictModel):
    """By what a page shows that the listing ended before it."""

    empty: bool = True
    """A page without products, unless it looks like a challenge or a page that scripts fill."""
    status: tuple[int, ...] = (404, 410)
    """These answers; none that a site gives while it refuses requests or is down."""
    repeats: bool = True
    """Exactly the products of another page."""
    redirect: bool = True
    """A redirect to another page of the listing."""
    confirm: Annotated[int, Bounded(ge=2, le=10)] = 2
    """How many pages after the last one have to show a sign before it counts as the last."""

    @field_validator("status")
    @classmethod
    def _tell_of_ends(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        for status in value:
            if not 400 <= status <= 499 or status in _NO_ENDS:
                raise ValueError(
                    f"{status} never ends a listing; statuses from 400 to 499 may, but for "
                    f"{', '.join(map(str, _NO_ENDS))}"
                )
        return value


class _GrowingLength(StrictModel):
    """What all kinds have in common whose pages are found by crawls."""

    at_most: Count = 10_000
    """More pages than this fail the crawl: a site may have pages without end."""
    shrink: Share = 0.2
    """Share of the pages that may be gone at once; if more seem to be, the crawl fails and all
    stays as it was."""

    @property
    def may_lose(self) -> float:
        """The same as a number from 0 to 1."""
        return float(self.shrink)


class OpenLength(_GrowingLength):
    """Nobody says how long the listing is: it is crawled until its end is met and confirmed."""

    kind: Literal["open"]
    """That the end is looked for."""
    end: EndSigns = EndSigns()
    """What shows that the listing has ended."""


class TellingPlace(StrictModel):
    """Where a number is that the first page tells: one of `select`, `json` and `header`."""

    select: Selectors = ()
    """Where the number is on the page: one selector, or several in order of preference."""
    json_: str | None = Bounded(default=None, alias="json")
    """Where the number is in a page of JSON: a JMESPath such as `meta.pages`."""
    header: str | None = None
    """Name of the header of the answer that holds the number."""
    attribute: str | None = None
    """Take this attribute of what was selected instead of its text."""
    pattern: Pattern | None = None
    """A regular expression that picks the number; its first group, if it has one."""

    @model_validator(mode="after")
    def _has_one_place(self) -> TellingPlace:
        self._check_place()
        return self

    def _check_place(self) -> None:
        given = [name for name, value in self._places() if value]
        if len(given) != 1:
            told = f"{' and '.join(given)} are given" if given else "none is given"
            raise ValueError(f"say where the number is by one of select, json and header; {told}")
        if self.attribute is not None and not self.select:
            raise ValueError("attribute is of use with select alone")

    def _places(self) -> tuple[tuple[str, object], ...]:
        return ("select", self.select), ("json", self.json_), ("header", self.header)


class LastPage(TellingPlace):
    """Where the first page tells which page is the last one, or how many products there are."""

    total: TellingPlace | None = None
    """Where it tells how many products there are, instead; `per_page` goes with it."""
    per_page: Count | None = None
    """How many products a page shows."""

    def _check_place(self) -> None:
        if (self.total is None) != (self.per_page is None):
            raise ValueError("total and per_page go together")
        if self.total is None:
            super()._check_place()
        elif self.pattern or self.attribute or any(value for _, value in self._places()):
            raise ValueError("with total the place and its pattern are said below total")

    @property
    def place(self) -> TellingPlace:
        """Where the number is, whatever it counts."""
        return self.total or self


class ToldLength(_GrowingLength):
    """The first page tells how long the listing is."""

    kind: Literal["told"]
    """That the first page tells it."""
    last: LastPage
    """Where it tells which page is the last one, counted as `first_page` counts."""


class NextPage(StrictModel):
    """Where a page says which page is the next one: one of `select`, `json` and `header`."""

    select: Selectors = ()
    """The link to the next page: one selector, or several in order of preference."""
    attribute: str = "href"
    """The attribute of what was selected that holds the address."""
    header: Literal["link"] | None = None
    """`link`: the `Link` header of the answer, with `rel=next`."""
    json_: str | None = Bounded(default=None, alias="json")
    """In a page of JSON, a JMESPath to the next page's address, or to what goes into `param`."""
    param: str | None = None
    """With `json`: the parameter of the first page's address that what was found is put into."""

    @model_validator(mode="after")
    def _has_one_place(self) -> NextPage:
        places = (("select", self.select), ("json", self.json_), ("header", self.header))
        given = [name for name, value in places if value]
        if len(given) != 1:
            told = f"{' and '.join(given)} are given" if given else "none is given"
            raise ValueError(f"say what leads on by one of select, json and header; {told}")
        if self.param is not None and not self.json_:
            raise ValueError("param is of use with json alone")
        return self


class LinkedLength(_GrowingLength):
    """Each page says where the next one is; they are asked for one after the other."""

    kind: Literal["linked"]
    """That pages lead to each other."""
    next: NextPage
    """Where a page says which one is next; where it says none, the listing ends."""


FoundLength = OpenLength | ToldLength | LinkedLength
"""The kinds whose pages are found by crawls."""
_AnyLength = Annotated[
    FixedLength | OpenLength | ToldLength | LinkedLength, Bounded(discriminator="kind")
]
_IN_FULL = {
    "fixed": "{kind: fixed, last: 120}, or last_page: 120 in its place",
    "told": "{kind: told, last: {select: .pager li:last-child}}",
    "linked": '{kind: linked, next: {select: "a[rel=next]"}}',
}


def _spelt_out(value: object) -> object:
    """A kind alone is all that there is to say of an open listing, and of no other."""
    if value == "open":
        return {"kind": value}
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"a number alone is last_page: {value}; pages says how they are found")
    if isinstance(value, str) and value in _IN_FULL:
        raise ValueError(f"{value} needs more than its name; write {_IN_FULL[value]}")
    if isinstance(value, str):
        raise ValueError(
            f"{value!r} is no kind of length; write open, or a section such as {_IN_FULL['told']}"
            f"{meant(value, ('open', *_IN_FULL))}"
        )
    return value


Length = Annotated[
    _AnyLength,
    BeforeValidator(_spelt_out, json_schema_input_type=Literal["open"] | _AnyLength),
]
"""How the pages of a listing are found: the section under `pages`, or `open` alone."""
