"""`python -m benchmarks.exports`: rows a second and peak memory of an export to each format.

A table as a large shop has it, written by a process of its own for each format. `--to-env
VARIABLE` measures the PostgreSQL database of that variable, too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.tables.exports.formats import FORMATS
from catalog_pipeline.tables.exports.xlsx_file import MOST_ROWS

ROWS = 2_000_000
_GROUP_ROWS = 50_000
_CHILD = """
import os, sys
from pathlib import Path
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
from catalog_pipeline.tables.exports.export import export_to_file
from catalog_pipeline.tables.exports.postgres import database_url, export_to_postgres
from catalog_pipeline.tables.exports.writing import TableOptions
source, target = Path(sys.argv[1]), sys.argv[2]
if target.startswith("env:"):
    variable = target[4:]
    url = database_url(os.environ, variable)
    export_to_postgres(source, url, variable, TableOptions("exported_for_a_benchmark"))
else:
    export_to_file(source, Path(target))
# What `getrusage` says begins with the memory of whoever started the process.
status = Path("/proc/self/status").read_text()
sys.stdout.write(status.partition("VmHWM:")[2].split()[0])
"""


def write_table(path: Path, rows: int) -> None:
    """A table of that many products, each with its own texts."""
    start = datetime(2026, 3, 1, tzinfo=timezone.utc)
    with pq.ParquetWriter(path, _group(0, 1, start).schema, compression="zstd") as writer:
        for first in range(0, rows, _GROUP_ROWS):
            writer.write_table(_group(first, min(_GROUP_ROWS, rows - first), start))


def _group(first: int, count: int, start: datetime) -> pa.Table:
    numbers = range(first, first + count)
    return pa.table(
        {
            "product_id": pa.array(numbers, pa.int64()),
            "name": [f"Product {n} of the shop, a name of usual length" for n in numbers],
            "url": [f"https://shop.example/products/{n}-of-usual-length" for n in numbers],
            "price": pa.array([Decimal(n % 99_999) / 100 for n in numbers], pa.decimal128(38, 2)),
            "currency": ["USD"] * count,
            "rating": [n % 50 / 10 for n in numbers],
            "in_stock": [n % 3 != 0 for n in numbers],
            "tags": [[f"tag {n % 7}", "all"] for n in numbers],
            "page": pa.array([n // 20 for n in numbers], pa.int64()),
            "fetched_at": pa.array(
                [start + timedelta(milliseconds=n) for n in numbers], pa.timestamp("us", "UTC")
            ),
        }
    )


def measure(source: Path, target: str) -> tuple[float, int]:
    """Seconds of the whole process, and its peak memory in KiB."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(source), target],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return time.monotonic() - began, int(done.stdout)


def main() -> None:
    """Measure each format, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--to-env", metavar="VARIABLE")
    asked = parser.parse_args()
    print("| Format | Rows | Rows/s | Peak MB | File MB |")
    print("| --- | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        targets = [str(folder / f"out.{each}") for each in FORMATS]
        targets += [f"env:{asked.to_env}"] if asked.to_env else []
        for target in targets:
            rows = min(asked.rows, MOST_ROWS - 1) if target.endswith(".xlsx") else asked.rows
            source = folder / f"{rows}.parquet"
            if not source.exists():
                write_table(source, rows)
            seconds, peak = measure(source, target)
            path = Path(target)
            size = f"{path.stat().st_size / 1e6:,.0f}" if path.exists() else ""
            kind = path.suffix.removeprefix(".") or "PostgreSQL"
            print(f"| {kind} | {rows:,} | {rows / seconds:,.0f} | {peak / 1024:,.0f} | {size} |")
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
