"""How data lies in the file: JSON, compressed, in letters that mean nothing to HTML.

Base64 has no character that could end a script, begin a comment or be a line separator. Texts pass
the gate for lines here, since what reads them shows them as they are.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.report.facts import NumberColumn, Product
from catalog_pipeline.report.links import as_link
from catalog_pipeline.showing import as_line, shortened
from catalog_pipeline.tables.history.courses import Point
from catalog_pipeline.tables.history.texts import text_of

LONGEST_TEXT = 160


def packed(value: object) -> str:
    """A value in letters, digits, `+`, `/` and `=`."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def shown_text(text: str) -> str:
    """A text of a site on one line that is not too long, for whoever shows texts as they are."""
    return as_line(shortened(text, LONGEST_TEXT))


def names_of(products: Sequence[Product]) -> dict[str, Any]:
    """What products are looked for by."""
    return {
        "keys": [shown_text(", ".join(product.key)) for product in products],
        "titles": [shown_text(product.title) if product.title else 0 for product in products],
        "gone": [place for place, product in enumerate(products) if product.is_gone],
        "left": [place for place, product in enumerate(products) if product.is_left],
        "until": list(_differences([product.until for product in products])),
    }


def links_of(products: Sequence[Product]) -> list[str | int]:
    """Where products are shown; 0 for those that no link leads to."""
    return [as_link(product.url) or 0 for product in products]


def course_of(products: Sequence[Product], column: NumberColumn) -> dict[str, Any]:
    """How a column went: of each product the number of points, their times and their values.

    An amount in another currency than the product's last one is left out; `mixed` has the places
    of these products.
    """
    currencies: dict[str, int] = {}
    counts: list[int] = []
    times: list[datetime] = []
    values: list[Any] = []
    of_product: list[int] = []
    mixed: list[int] = []
    for place, product in enumerate(products):
        points = product.points[column.name]
        valued = [each for each in points if each.value is not None]
        currency = valued[-1].currency if valued else None
        drawn = list(_in_currency(points, currency)) if column.currency else list(points)
        if column.currency and any(each.currency != currency for each in valued):
            mixed.append(place)
        counts.append(len(drawn))
        times += [each.at for each in drawn]
        values += [_number(each.value, column.type) for each in drawn]
        name = as_line(currency or "")
        of_product.append(currencies.setdefault(name, len(currencies)))
    return {
        "counts": counts, "times": list(_differences(times)), "values": values,
        "currencies": list(currencies), "currency": of_product, "mixed": mixed,
    }  # fmt: skip


def _in_currency(points: Sequence[Point], currency: str | None) -> Iterator[Point]:
    """Points of which those in another currency are no values; one after the other is one."""
    was_nothing = True
    for each in points:
        is_nothing = each.value is None or each.currency != currency
        if not is_nothing:
            yield each
        elif not was_nothing:
            yield Point(each.at, None)
        was_nothing = is_nothing


def _differences(times: Sequence[datetime]) -> Iterator[int]:
    """Times in seconds, each as what it is more than the one before: these are short texts."""
    before = 0
    for each in times:
        seconds = int(each.timestamp())
        yield seconds - before
        before = seconds


def _number(value: Any, kind: CellType) -> int | float | str | None:
    """A value as a number that is exactly it, or as a text with every digit."""
    if value is None:
        return None
    if kind is CellType.BOOLEAN:
        return int(value)
    text = text_of(value)
    number = int(text) if kind is CellType.INTEGER else float(text)
    if abs(number) < 2**53 and Decimal(repr(number)) == Decimal(text):
        return number
    return text
