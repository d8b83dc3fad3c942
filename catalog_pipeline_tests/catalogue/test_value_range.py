"""What a cell may be, at its bounds and one beyond them."""

import math

import pytest

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.value_range import refusal


@pytest.mark.parametrize("kind", list(CellType))
def test_an_empty_cell_is_one_of_any_type(kind):
    assert refusal(kind, None) is None


@pytest.mark.parametrize(
    ("kind", "inside", "outside", "problem"),
    [
        (CellType.TEXT, "a\ud7ff😀", "a\ud800", "lone surrogate"),
        (CellType.TEXT, "", "a\0b", "NUL"),
        (CellType.TEXT, "1", 1, "no text"),
        (CellType.URL, "https://shop.example/", "https://shop.example/\0", "NUL"),
        (CellType.INTEGER, 2**63 - 1, 2**63, "64 bits"),
        (CellType.INTEGER, -(2**63), -(2**63) - 1, "64 bits"),
        (CellType.INTEGER, 1, True, "no integer"),
        (CellType.INTEGER, 1, 1.0, "no integer"),
        (CellType.NUMBER, 1e308, math.inf, "finite"),
        (CellType.NUMBER, 0.0, math.nan, "finite"),
        (CellType.NUMBER, 2**53, 2**53 + 1, "exactly"),
        (CellType.NUMBER, 1.5, "1.5", "no number"),
        (CellType.AMOUNT, "-" + "9" * 20, "1" + "0" * 20, "20 digits"),
        (CellType.AMOUNT, "0." + "1" * 18, "0." + "1" * 19, "18 decimals"),
        (CellType.AMOUNT, "9" * 20 + "." + "9" * 18, "1e5", "no amount"),
        (CellType.AMOUNT, "5.00", 5.0, "no amount"),
        (CellType.CURRENCY, "EUR", "eur", "ISO 4217"),
        (CellType.BOOLEAN, False, 0, "neither true nor false"),
        (CellType.TIMESTAMP, "2024-05-06T08:00:00+00:00", "2024-05-06T08:00:00", "UTC"),
        (CellType.TIMESTAMP, "9999-12-31T23:59:59.999999+00:00", "soon", "ISO 8601"),
        (CellType.TIMESTAMP, "0001-01-01T00:00:00+00:00", "2024-05-06T08:00:00+01:00", "UTC"),
    ],
)
def test_a_cell_is_refused_beyond_its_bounds(kind, inside, outside, problem):
    assert refusal(kind, inside) is None
    assert problem in (refusal(kind, outside) or "")
