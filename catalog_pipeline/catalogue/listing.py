"""A listing: where its pages are, and how many of them, as far as the YAML says.

Values only, made out of the YAML by `listings`. Which pages a catalogue has is in `listing_pages`,
how an end is looked for is described in `length`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from catalog_pipeline.catalogue.length import (
    FixedLength,
    FoundLength,
    LastPage,
    Length,
    LinkedLength,
    NextPage,
    ToldLength,
)
from catalog_pipeline.catalogue.page_key import PageKey, page_keys
from catalog_pipeline.catalogue.page_template import PLACEHOLDER


@dataclass(frozen=True)
class Listing:
    """A series of pages; `name` is None where a catalogue has but one.

    Their addresses are made of `template`, or are the `addresses` one by one. Where pages lead to
    each other, the template gives that of the first one.
    """

    name: str | None
    length: Length
    template: str | None = None
    addresses: tuple[str, ...] = ()
    first_page_url: str | None = None
    first_page: int = 1
    step: int | None = None
    offset: int = 0

    @property
    def last_number(self) -> int | None:
        """Number of the last page; None where the site tells it."""
        return self.length.last if isinstance(self.length, FixedLength) else None

    @property
    def found_length(self) -> FoundLength | None:
        """How the pages are found; None if the YAML says them."""
        return None if isinstance(self.length, FixedLength) else self.length

    @property
    def says_its_end(self) -> bool:
        """Whether the YAML or the first page says which page is the last one."""
        return isinstance(self.length, FixedLength | ToldLength)

    @property
    def is_linked(self) -> bool:
        """Whether each page says where the next one is, so that no template gives addresses."""
        return isinstance(self.length, LinkedLength)

    @property
    def telling(self) -> LastPage | NextPage | None:
        """What a page tells of the listing: which page is the last one, or the next one."""
        if isinstance(self.length, ToldLength):
            return self.length.last
        return self.length.next if isinstance(self.length, LinkedLength) else None

    @property
    def telling_version(self) -> str | None:
        """Changes exactly when pages are to be asked anew what they tell."""
        if self.telling is None:
            return None
        told = [self.telling.model_dump(exclude_defaults=True), self.first_page]
        text = json.dumps(told, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def tells_in_the_body(self) -> bool:
        """Whether a stored page holds what it tells of the listing."""
        telling = self.telling.place if isinstance(self.telling, LastPage) else self.telling
        return telling is not None and telling.header is None

    @property
    def first_key(self) -> PageKey:
        """The first page, which every listing has."""
        return PageKey(self.first_page, self.name)

    @property
    def pages(self) -> tuple[PageKey, ...]:
        """All pages, in order; none where the site tells which there are."""
        last = self.last_number
        return () if last is None else page_keys(self.first_page, last, self.name)

    @property
    def given_addresses(self) -> tuple[str, ...]:
        """The addresses as the YAML gives them, the template among them."""
        given = (self.template, self.first_page_url, *self.addresses)
        return tuple(each for each in given if each is not None)

    def page_path(self, number: int) -> str:
        """A page as the YAML names it, below `base_url` or with its own host.

        Raises:
            LookupError: the YAML names the addresses one by one, and not so many; or the page
                before it tells it.
        """
        if self.template is None:
            place = number - self.first_page
            if not 0 <= place < len(self.addresses):
                raise LookupError(f"no address is given for page {PageKey(number, self.name)}")
            return self.addresses[place]
        if number == self.first_page and self.first_page_url is not None:
            return self.first_page_url
        if self.is_linked and number != self.first_page:
            page = PageKey(number, self.name)
            raise LookupError(f"the address of page {page} is told by the page before it")
        return self.template.replace(PLACEHOLDER, str(self.page_value(number)))

    def page_value(self, number: int) -> int:
        """What stands for a page in its address: its number, or an offset."""
        if self.step is None:
            return number
        return self.offset + (number - self.first_page) * self.step

    def page_of_value(self, value: int) -> int | None:
        """The number of the page for which that stands; None if it is that of none."""
        if self.step is None:
            return value
        pages, rest = divmod(value - self.offset, self.step)
        return None if rest or pages < 0 else self.first_page + pages

    def may_have(self, number: int) -> bool:
        """Whether there may be a page of that number, by the YAML."""
        last = self.last_number
        return self.first_page <= number and (last is None or number <= last)

    def has_gaps(self, numbers: Collection[int]) -> bool:
        """Whether pages are lacking among found ones, as a series never has it."""
        if self.found_length is None or not numbers:
            return False
        return len(numbers) < max(numbers) - self.first_page + 1

    def without_gaps(self, numbers: Collection[int], done: Collection[int]) -> range:
        """All pages of a listing of which these are some, and some of these are `done`.

        One that is not done, and farther off than there are pages before it, says nothing of what
        is between: it may have been named by mistake.
        """
        there = sorted(numbers)
        lowest = top = there[0]
        for count, number in enumerate(there, start=1):
            if number in done or 2 * count > number - lowest:
                top = number
        most = self.found_length.at_most if self.found_length is not None else 0
        return range(max(self.first_page, lowest - most), top + 1)
