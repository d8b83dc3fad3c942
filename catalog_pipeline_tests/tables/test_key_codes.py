"""Numbers for keys, equal exactly where the keys are."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog_pipeline.tables.key_codes import KeyColumn, joined

LONG = "https://shop.example/" + 200 * "x"


def _codes(*batches: pa.Array, kind: pa.DataType) -> list[int]:
    column = KeyColumn()
    for batch in batches:
        column.add(pa.chunked_array([batch]))
    return column.codes(kind).tolist()


def _same(values: Sequence[Any]) -> list[list[bool]]:
    return [[one == other for other in values] for one in values]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (["a", "b", None, "a"], ["b", None, "nan", ""], pa.string()),
        ([LONG + "1", LONG + "2"], [LONG + "2", LONG], pa.string()),
        (["é", "e\u0301", "\0", "\0\0"], ["\0", "É"], pa.string()),
        ([3, None, 5], [5, 4], pa.int64()),
        ([], ["a"], pa.string()),
    ],
)
def test_numbers_are_equal_exactly_for_equal_values_of_whatever_batch(
    one: list[Any], other: list[Any], kind: pa.DataType
):
    codes = _codes(pa.array(one, kind), pa.array(other, kind), kind=kind)
    assert _same(codes) == _same([*one, *other])
    assert [code == -1 for code in codes] == [value is None for value in [*one, *other]]


def test_prices_that_have_gained_decimals_equal_those_before():
    few, more = pa.decimal128(10, 2), pa.decimal128(10, 3)
    before = pa.array([Decimal("1.50"), Decimal("2.00")], few)
    after = pa.array([Decimal("1.500"), Decimal("1.505")], more)
    first, second, third, fourth = _codes(before, after, kind=more)
    assert first == third
    assert len({first, second, fourth}) == 3


def test_of_no_rows_there_are_no_numbers():
    assert _codes(kind=pa.string()) == []
    assert _codes(kind=pa.int64()) == []


def test_several_columns_are_equal_where_all_of_them_are():
    columns = [np.array(column, dtype=np.int64) for column in ([1, 1, 2, 1], [-1, 4, 4, -1])]
    assert _same(joined(columns).tolist()) == _same([(1, -1), (1, 4), (2, 4), (1, -1)])
