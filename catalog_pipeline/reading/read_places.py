"""What a thread was reading, in the words of the YAML: for who ends it, or is told that it ended.

Which place a thread reads at this moment is noted by `watch`, as a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog_pipeline.catalogue.length import LastPage, NextPage
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.reading.watch import Place

_SHOWN = 120


@dataclass(frozen=True)
class ReadPlace:
    """A key of the YAML, what is evaluated there, and the pattern, if it has one.

    `field` is set if it is a field's; then it alone names the place.
    """

    key: str
    selectors: Sequence[str] = ()
    pattern: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        if self.field is not None:
            return f"field {self.field}"
        text = " ".join((self.key, " | ".join(self.selectors))).rstrip()
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def read_place(catalogue: Catalogue, number: int, page: PageKey | None) -> ReadPlace | None:
    """What a thread read that had noted the number, on a page or (None) at the login."""
    if number > 0:
        fields = tuple(catalogue.fields.items())
        if number > len(fields):
            return None
        name, field = fields[number - 1]
        return ReadPlace(f"fields.{name}", pattern=field.pattern, field=name)
    if number == Place.PRODUCTS:
        return _of_products(catalogue)
    if number == Place.TOTAL:
        total = catalogue.total
        selectors = () if total is None else total.select or _given(total.json_)
        return ReadPlace("total", selectors, total.pattern if total else None)
    if number == Place.TELLING:
        return _of_telling(catalogue, page)
    if number == Place.DISCOVER:
        return ReadPlace("discover.select", catalogue.discover.select if catalogue.discover else ())
    return _of_login(catalogue, number)


def _of_products(catalogue: Catalogue) -> ReadPlace:
    records = catalogue.records
    if not records.is_json:
        return ReadPlace("product", catalogue.product)
    return ReadPlace("records", _given(records.script) + _given(records.path))


def _of_telling(catalogue: Catalogue, page: PageKey | None) -> ReadPlace | None:
    rule = None if page is None else catalogue.listing_of(page).telling
    if isinstance(rule, LastPage):
        place = rule.place
        key = "pages.last" if rule.total is None else "pages.last.total"
        return ReadPlace(key, place.select or _given(place.json_), place.pattern)
    if isinstance(rule, NextPage):
        return ReadPlace("pages.next", rule.select or _given(rule.json_))
    return None


def _of_login(catalogue: Catalogue, number: int) -> ReadPlace | None:
    login = catalogue.login
    if not isinstance(login, FormLogin):
        return None
    if number == Place.LOGIN_FORM:
        return ReadPlace("login.form", _given(login.form))
    if number == Place.LOGGED_IN:
        return ReadPlace("login.logged_in", login.logged_in or ())
    if number == Place.LOGIN_ERROR:
        return ReadPlace("login.error", login.error or ())
    return None


def _given(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)
