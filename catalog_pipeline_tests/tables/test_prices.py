"""What the README says of calculating with a table's prices."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.tables import shop

README = Path(__file__).parents[2] / "README.md"


def test_prices_are_summed_multiplied_and_described_as_the_readme_has_it(
    store: FolderStore, table: Path
) -> None:
    columns = shop.rows(["a", "b", "c"], price=["0.10", "0.20", None], price_max=None)
    shop.build_table(shop.catalogue(), [shop.store_page(store, 1, columns)], store, table)
    said = README.read_text()
    assert 'pandas.read_parquet(file, dtype_backend="pyarrow")' in said
    prices = pd.read_parquet(table, dtype_backend="pyarrow")["price"]
    assert 'products["price"].sum()' in said
    assert prices.sum() == Decimal("0.30")
    assert 'products["price"] * 1.2' in said
    assert (prices * 1.2).dropna().tolist() == pytest.approx([0.12, 0.24])
    assert 'products["price"].astype("float64[pyarrow]").describe()' in said
    assert prices.astype("float64[pyarrow]").describe()["mean"] == pytest.approx(0.15)
