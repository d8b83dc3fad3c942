"""The columns of a catalogue's table and their Arrow types.

Only what follows from the catalogue belongs here; cells are converted in
`catalog_pipeline.tables.cells`. Arrow is imported when a schema is made, not before.

Money is `decimal128(38, 2)`, so that 51.77 reads back as `Decimal("51.77")`; a column that holds
an amount with more decimals gets just as many as that one needs. Amounts are never rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.field_types import CURRENCY_SUFFIX, CellType, total
from catalog_pipeline.catalogue.fields import PROVENANCE_COLUMNS
from catalog_pipeline.catalogue.listing_attributes import LISTING_COLUMNS
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.value_range import MONEY_DIGITS

if TYPE_CHECKING:
    import pyarrow as pa

MONEY_DECIMALS = 2


_ARROW_TYPES = total(
    CellType,
    {
        CellType.TEXT: lambda pa, _: pa.string(),
        CellType.INTEGER: lambda pa, _: pa.int64(),
        CellType.NUMBER: lambda pa, _: pa.float64(),
        CellType.AMOUNT: lambda pa, decimals: pa.decimal128(MONEY_DIGITS, decimals),
        CellType.CURRENCY: lambda pa, _: pa.string(),
        CellType.BOOLEAN: lambda pa, _: pa.bool_(),
        CellType.URL: lambda pa, _: pa.string(),
        CellType.TIMESTAMP: lambda pa, _: pa.timestamp("us", "UTC"),
    },
)


@dataclass(frozen=True)
class TableColumn:
    """A column that a field fills; `currency_column` is where the currency of an amount is."""

    name: str
    type: CellType
    currency_column: str | None = None
    is_list: bool = False


def table_columns(catalogue: Catalogue) -> tuple[TableColumn, ...]:
    """The columns that the catalogue's fields fill, in order."""
    return tuple(
        TableColumn(
            column,
            kind,
            name + CURRENCY_SUFFIX if kind is CellType.AMOUNT else None,
            field.many,
        )
        for name, field in catalogue.fields.items()
        for column, kind in field.typed_columns(name).items()
    )


def arrow_type(column: TableColumn, decimals: int = MONEY_DECIMALS) -> pa.DataType:
    """The Arrow type of a column; `decimals` concerns money only."""
    import pyarrow as pa

    of_cell = _ARROW_TYPES[column.type](pa, decimals)
    return pa.list_(of_cell) if column.is_list else of_cell


def arrow_schema(catalogue: Catalogue, decimals: Mapping[str, int] | None = None) -> pa.Schema:
    """The table's schema; `decimals` gives the money columns that need more than usual."""
    import pyarrow as pa

    given = decimals or {}
    fields = [
        pa.field(column.name, arrow_type(column, given.get(column.name, MONEY_DECIMALS)))
        for column in table_columns(catalogue)
    ]
    types = (pa.int64(), pa.int64(), pa.string(), pa.timestamp("us", "UTC"))
    fields += [
        pa.field(name, kind, nullable=False)
        for name, kind in zip(PROVENANCE_COLUMNS, types, strict=True)
    ]
    if catalogue.has_named_listings:
        kinds = (pa.string(), pa.list_(pa.string()))
        fields += [
            pa.field(name, kind, nullable=False)
            for name, kind in zip(LISTING_COLUMNS, kinds, strict=True)
        ]
    return pa.schema(fields)


def with_pandas_types(schema: pa.Schema) -> pa.Schema:
    """The schema with a note for pandas: columns that may be null keep their type when read.

    Without it pandas would read integers with a null as floats, and booleans as objects.
    """
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame = schema.empty_table().to_pandas(types_mapper=nullable.get)
    never_null = [field.name for field in schema if not field.nullable]
    frame = frame.astype({name: "int64" for name in never_null if frame[name].dtype == "Int64"})
    return pa.schema(schema, pa.Table.from_pandas(frame, schema, False).schema.metadata)
