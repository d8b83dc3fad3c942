"""What a table file is like: rows, columns, where they have values, and the prices in the middle.

Values are read only where the file's own statistics do not tell. Whether any of it is right is
decided in `verdicts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.tables.quality.broken_values import BrokenValues, ValuesJudge
from catalog_pipeline.tables.quality.last_values import LastValues
from catalog_pipeline.tables.schema import table_columns

_BATCH_ROWS = 50_000
_NUMBERS = (CellType.INTEGER, CellType.NUMBER)
_NO_CURRENCY = "without_currency"


@dataclass(frozen=True)
class TableFacts:
    """What a table is like.

    `columns` gives the types by name, in order; `filled` counts the rows that have a value, which
    an empty list is not; `medians` are prices by column and currency, and by column alone while
    there is one currency; `middles` are those of other numbers.
    """

    rows: int
    columns: Mapping[str, str]
    filled: Mapping[str, int]
    medians: Mapping[str, float] = field(default_factory=dict)
    middles: Mapping[str, float] = field(default_factory=dict)
    broken: Mapping[str, BrokenValues] = field(default_factory=dict)


def columns_of(schema: pa.Schema) -> dict[str, str]:
    """Types of columns by name; of amounts without the number of their decimals."""
    return {
        each.name: "decimal" if pa.types.is_decimal(each.type) else str(each.type)
        for each in schema
    }


def read_facts(path: Path, catalogue: Catalogue, last: LastValues | None) -> TableFacts:
    """Look at a table file; `last` knows the values of the table that is there.

    Raises:
        OSError, pyarrow.ArrowException: the file cannot be read.
    """
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        judges = {
            name: ValuesJudge(name, check, catalogue.key_columns, last)
            for name, check in catalogue.checks.values.items()
        }
        money = {
            column.name: str(column.currency_column)
            for column in table_columns(catalogue)
            if column.currency_column and not column.is_list
        }
        numbers: dict[str, list[npt.NDArray[np.float64]]] = {
            column.name: []
            for column in table_columns(catalogue)
            if column.type in _NUMBERS
            and not column.is_list
            and column.name not in catalogue.key_columns
        }
        lists = [each.name for each in schema if pa.types.is_list(each.type)]
        wanted = {*lists, *money, *money.values(), *numbers, *judges}
        if judges:
            wanted |= {*catalogue.key_columns, "page"}
        filled = dict.fromkeys(lists, 0)
        prices: dict[str, _Prices] = {name: _Prices() for name in money}
        for batch in file.iter_batches(_BATCH_ROWS, columns=[*wanted]) if wanted else ():
            for name in lists:
                lengths = pc.call_function("list_value_length", [batch[name]])
                full = pc.call_function("greater", [lengths, pa.scalar(0)])
                filled[name] += pc.call_function("sum", [full]).as_py() or 0
            for name, currency in money.items():
                prices[name].add(batch[name], batch[currency])
            for name, found in numbers.items():
                found.append(_floats(batch[name]))
            for judge in judges.values():
                judge.add(pa.Table.from_batches([batch]))
        return TableFacts(
            rows=file.metadata.num_rows,
            columns=columns_of(schema),
            filled={**_filled(file, [n for n in schema.names if n not in lists]), **filled},
            medians={
                median_name: value
                for name, amounts in prices.items()
                for median_name, value in amounts.medians(name).items()
            },
            middles={
                f"{name}_median": _median(found)
                for name, found in numbers.items()
                if any(map(len, found))
            },
            broken={name: judge.found for name, judge in judges.items()},
        )


def _filled(file: pq.ParquetFile, names: list[str]) -> dict[str, int]:
    """By flat column the rows that have a value, out of the statistics of the file."""
    metadata = file.metadata
    places = {metadata.schema.column(number).path: number for number in range(metadata.num_columns)}
    nulls = dict.fromkeys(names, 0)
    for group in range(metadata.num_row_groups):
        for name in names:
            statistics = metadata.row_group(group).column(places[name]).statistics
            if statistics is None or not statistics.has_null_count:
                column = file.read_row_group(group, columns=[name])[name]
                nulls[name] += column.null_count
            else:
                nulls[name] += statistics.null_count
    return {name: metadata.num_rows - number for name, number in nulls.items()}


class _Prices:
    """The amounts of one column, by currency."""

    def __init__(self) -> None:
        self._amounts: dict[str | None, list[npt.NDArray[np.float64]]] = {}

    def add(self, amounts: pa.Array, currencies: pa.Array) -> None:
        for currency in pc.call_function("unique", [currencies]).to_pylist():
            of_it = (
                pc.call_function("is_null", [currencies])
                if currency is None
                else pc.call_function("equal", [currencies, pa.scalar(currency)])
            )
            found = _floats(amounts.filter(of_it))
            if len(found):
                self._amounts.setdefault(currency, []).append(found)

    def medians(self, column: str) -> dict[str, float]:
        """The amounts in the middle, by a name for each currency that no other currency changes."""
        found = {key: _median(all_) for key, all_ in self._amounts.items()}
        of_all = {f"{column}_median": value for value in found.values() if len(found) == 1}
        return of_all | {
            f"{column}_median_{currency or _NO_CURRENCY}": value
            for currency, value in found.items()
            if currency is not None or len(found) > 1
        }


def _floats(values: pa.Array) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = values.drop_null().cast(pa.float64(), safe=False).to_numpy()
    return found


def _median(parts: list[npt.NDArray[np.float64]]) -> float:
    """The value in the middle, or what is halfway between two: of decimals, not of their floats."""
    values = np.concatenate(parts)
    places = [(len(values) - 1) // 2, len(values) // 2]
    low, high = (Decimal(repr(float(value))) for value in np.partition(values, places)[places])
    return float((low + high) / 2)
