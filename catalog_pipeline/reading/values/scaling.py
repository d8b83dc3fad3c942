"""Values times a factor that the YAML gives, exactly: prices in cents, weights in grams."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Context, Decimal
from typing import TypeAlias

from catalog_pipeline.catalogue.value_range import amount_refusal
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.money import Money
from catalog_pipeline.records import Cell

_EXACT = Context(prec=100)
_Value: TypeAlias = "Cell | Money"


def scaled(factor: Decimal, convert: Callable[[str], _Value], text: str) -> _Value:
    """What `convert` makes of a text, times `factor`.

    Raises:
        ParseError: the result is none of the field's type, or does not fit a table.
    """
    value = convert(text)
    if isinstance(value, Money):
        end = None if value.end is None else _amount(Decimal(value.end), factor)
        return replace(value, amount=_amount(Decimal(value.amount), factor), end=end)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    product = _EXACT.multiply(Decimal(repr(value)), factor)
    if isinstance(value, float):
        if not math.isfinite(float(product)):
            raise ParseError(f"{value} times {factor} is too great for a number")
        return float(product)
    if product != product.to_integral_value():
        raise ParseError(f"{value} times {factor} is no whole number; say `type: number`")
    return int(product)


def _amount(amount: Decimal, factor: Decimal) -> str:
    text = format(_EXACT.multiply(amount, factor), "f")
    whole, _, decimals = text.lstrip("-").partition(".")
    problem = amount_refusal(whole, decimals)
    if problem:
        raise ParseError(problem)
    return text
