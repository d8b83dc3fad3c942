"""Whatever the parser gives, and whatever the bounds of values let pass, a table can hold."""

import contextlib
from collections.abc import Callable
from datetime import timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.value_range import (
    MAX_INTEGER,
    MAX_WHOLE_NUMBER,
    MIN_INTEGER,
    refusal,
)
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.money import read_money
from catalog_pipeline.reading.values.numbers import read_integer, read_number
from catalog_pipeline.reading.values.timestamps import read_timestamp
from catalog_pipeline.tables.cells import CellError, column_array
from catalog_pipeline.tables.schema import MONEY_DECIMALS, TableColumn

AMOUNTS = st.from_regex(r"-?[0-9]{1,22}(\.[0-9]{1,20})?", fullmatch=True)
CELLS = {
    CellType.TEXT: st.text(),
    CellType.INTEGER: st.integers() | st.sampled_from([MIN_INTEGER, MAX_INTEGER]),
    CellType.NUMBER: st.floats() | st.integers(-MAX_WHOLE_NUMBER * 2, MAX_WHOLE_NUMBER * 2),
    CellType.AMOUNT: AMOUNTS,
    CellType.CURRENCY: st.from_regex(r"[A-Z]{2,4}", fullmatch=True),
    CellType.BOOLEAN: st.booleans(),
    CellType.URL: st.text(),
    CellType.TIMESTAMP: st.datetimes(timezones=st.timezones() | st.just(timezone.utc)).map(str),
}


def _column(kind: CellType) -> TableColumn:
    return TableColumn("x", kind, "x_currency" if kind is CellType.AMOUNT else None)


@pytest.mark.parametrize("kind", list(CellType))
def test_what_is_within_the_bounds_fits_a_column(kind):
    @given(st.lists(st.none() | CELLS[kind]))
    def holds(cells):
        cells = [cell for cell in cells if refusal(kind, cell) is None]
        array = column_array(_column(kind), cells, MONEY_DECIMALS)
        assert array.null_count == cells.count(None)

    holds()


@pytest.mark.parametrize("kind", [CellType.AMOUNT, CellType.INTEGER, CellType.BOOLEAN])
def test_what_is_out_of_the_bounds_fits_no_column(kind):
    out: dict[CellType, str | int] = {
        CellType.AMOUNT: "1" + "0" * 20,
        CellType.INTEGER: 2**63,
        CellType.BOOLEAN: "true",
    }
    assert refusal(kind, out[kind])
    with pytest.raises(CellError):
        column_array(_column(kind), [out[kind]], MONEY_DECIMALS)


@given(AMOUNTS | st.from_regex(r"[0-9]{0,25}[.,]?[0-9]{0,25}(e[0-9]{1,3})?", fullmatch=True))
def test_any_text_of_digits_gives_a_cell_within_the_bounds_or_an_error(text):
    readers: dict[CellType, Callable[[], str | int | float | None]] = {
        CellType.AMOUNT: lambda: read_money(text, "EUR").amount,
        CellType.INTEGER: lambda: read_integer(text),
        CellType.NUMBER: lambda: read_number(text),
        CellType.TIMESTAMP: lambda: read_timestamp(text),
    }
    for kind, read in readers.items():
        with contextlib.suppress(ParseError):
            assert refusal(kind, read()) is None
