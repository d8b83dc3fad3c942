"""Columns of lists: exactly what was found, or an error that says which product it is about."""

import pyarrow as pa
import pytest

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.records import Cell
from catalog_pipeline.tables.cells import CellError, column_array
from catalog_pipeline.tables.schema import TableColumn


@pytest.mark.parametrize(
    ("kind", "cells", "item"),
    [
        (CellType.TEXT, [["a", "b"], None, ["c"]], pa.string()),
        (CellType.URL, [None, None], pa.string()),
        (CellType.INTEGER, [[1, 2], None], pa.int64()),
        (CellType.NUMBER, [[1.5, 2], None], pa.float64()),
        (CellType.BOOLEAN, [[True], [False]], pa.bool_()),
    ],
)
def test_lists_are_stored_as_they_are(kind: CellType, cells: list[Cell], item: pa.DataType):
    array = column_array(TableColumn("x", kind, is_list=True), cells, 2)
    assert array.type == pa.list_(item)
    assert array.to_pylist() == cells


@pytest.mark.parametrize("cells", [[["a"], "b"], [["a"], [1]], [["a"], [["b"]]]])
def test_a_cell_that_is_no_list_of_the_type_names_its_product(cells: list[Cell]):
    with pytest.raises(CellError, match="product 2, column x"):
        column_array(TableColumn("x", CellType.TEXT, is_list=True), cells, 2)
