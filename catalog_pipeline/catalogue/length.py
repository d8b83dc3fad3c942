"""How the pages of a listing are found, as a catalogue's YAML says it under `pages`.

Only the description and its checks belong here. How the end of a listing is recognised and
confirmed is in `catalog_pipeline.crawling.scheduling.search`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as Bounded
from pydantic import field_validator

from catalog_pipeline.catalogue.bounds import Count, PageNumber, Share
from catalog_pipeline.catalogue.fields import StrictModel

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


class OpenLength(StrictModel):
    """Nobody says how long the listing is: it is crawled until its end is met and confirmed."""

    kind: Literal["open"]
    """That the end is looked for."""
    end: EndSigns = EndSigns()
    """What shows that the listing has ended."""
    at_most: Count = 10_000
    """More pages than this fail the crawl: a site may have pages without end."""
    shrink: Share = 0.2
    """Share of the pages that may be gone at once; if more seem to be, the crawl fails and all
    stays as it was."""

    @property
    def may_lose(self) -> float:
        """The same as a number from 0 to 1."""
        return float(self.shrink)


Length = Annotated[FixedLength | OpenLength, Bounded(discriminator="kind")]
