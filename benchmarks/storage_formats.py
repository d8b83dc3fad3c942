"""`python -m benchmarks.storage_formats`: how a page's 20 parsed rows are best kept on disk.

Each format is written and read as one file per page, as a crawl does it, and 2,000 such files are
combined into one table. Measured in one thread; medians.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import statistics
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as parquet
import zstandard

from benchmarks import machine, report
from benchmarks.lines import job_folder
from benchmarks.shop import PRODUCTS_PER_PAGE, Product, product

Columns = dict[str, list[object]]
HEADINGS = (
    "Bytes",
    "Encode µs",
    "Write file µs",
    "Write and fsync µs",
    "Read µs",
    "All pages to one table ms",
)
DURABLE_WRITES = 300
COMPRESSOR = zstandard.ZstdCompressor(level=3)
DECOMPRESSOR = zstandard.ZstdDecompressor()


@dataclass(frozen=True)
class Format:
    """A way to turn a page's columns into bytes and back; `read` may give an Arrow table."""

    name: str
    write: Callable[[Columns], bytes]
    read: Callable[[bytes], Columns | pa.Table]


def columns_of(page: int) -> Columns:
    """The rows of a page as a crawl stores them: by column, money as decimal text."""
    first = (page - 1) * PRODUCTS_PER_PAGE + 1
    rows = [product(number) for number in range(first, first + PRODUCTS_PER_PAGE)]
    columns: Columns = {name: [getattr(row, name) for row in rows] for name in Product._fields}
    columns["price"] = [f"{row.price_cents / 100:.2f}" for row in rows]
    columns["price_currency"] = ["USD"] * len(rows)
    del columns["price_cents"]
    return columns


def _arrow_bytes(columns: Columns) -> bytes:
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _parquet_bytes(columns: Columns) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


FORMATS = (
    Format("JSON", msgspec.json.encode, msgspec.json.decode),
    Format(
        "JSON (stdlib), zlib",
        lambda columns: zlib.compress(json.dumps(columns).encode()),
        lambda content: json.loads(zlib.decompress(content)),
    ),
    Format(
        "JSON, zlib",
        lambda columns: zlib.compress(msgspec.json.encode(columns)),
        lambda content: msgspec.json.decode(zlib.decompress(content)),
    ),
    Format(
        "JSON, zstd",
        lambda columns: COMPRESSOR.compress(msgspec.json.encode(columns)),
        lambda content: msgspec.json.decode(DECOMPRESSOR.decompress(content)),
    ),
    Format(
        "msgpack, zstd",
        lambda columns: COMPRESSOR.compress(msgspec.msgpack.encode(columns)),
        lambda content: msgspec.msgpack.decode(DECOMPRESSOR.decompress(content)),
    ),
    Format("pickle", pickle.dumps, pickle.loads),
    Format("Arrow IPC", _arrow_bytes, lambda content: pa.ipc.open_file(content).read_all()),
    Format(
        "Parquet, zstd",
        _parquet_bytes,
        lambda content: parquet.ParquetFile(pa.BufferReader(content)).read(),
    ),
)


def write_file(path: Path, content: bytes, sync: bool) -> None:
    """Write a file, on request durably."""
    with path.open("wb") as file:
        file.write(content)
        if sync:
            file.flush()
            os.fsync(file.fileno())


def microseconds(act: Callable[[int], object], times: int) -> float:
    """Median time of `act(1)` … `act(times)`."""
    taken = []
    for number in range(1, times + 1):
        start = time.perf_counter()
        act(number)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


def combined(form: Format, paths: list[Path]) -> pa.Table:
    """All pages' files as one table."""
    pages = [form.read(path.read_bytes()) for path in paths]
    if isinstance(pages[0], pa.Table):
        return pa.concat_tables(pages).combine_chunks()
    names = pages[0].keys()
    return pa.table({name: [cell for page in pages for cell in page[name]] for name in names})


def measure(form: Format, folder: Path, pages: int) -> tuple[float, ...]:
    """The figures of one format, in the order of `HEADINGS`.

    Every write makes a new file: ext4 flushes one that is written over.
    """
    data = [columns_of(page) for page in range(1, pages + 1)]
    paths = [folder / f"{page}" for page in range(1, pages + 1)]

    def write(page: int) -> None:
        write_file(paths[page - 1], form.write(data[page - 1]), sync=False)

    def write_durably(page: int) -> None:
        write_file(folder / f"{page}.synced", form.write(data[page - 1]), sync=True)

    encode = microseconds(lambda page: form.write(data[page - 1]), pages)
    written = microseconds(write, pages)
    os.sync()
    synced = microseconds(write_durably, min(pages, DURABLE_WRITES))
    read = microseconds(lambda page: form.read(paths[page - 1].read_bytes()), pages)
    start = time.perf_counter()
    rows = combined(form, paths).num_rows
    milliseconds = (time.perf_counter() - start) * 1000
    if rows != pages * PRODUCTS_PER_PAGE:
        raise SystemExit(f"{form.name} lost rows")
    size = statistics.mean(path.stat().st_size for path in paths)
    return (size, encode, written, synced, read, milliseconds)


def medians(pages: int, rounds: int) -> dict[str, list[float]]:
    """The figures of all formats, each the median of interleaved rounds."""
    measured: dict[str, list[tuple[float, ...]]] = {form.name: [] for form in FORMATS}
    for _ in range(rounds):
        for form in FORMATS:
            measured[form.name].append(measure(form, job_folder(), pages))
    return {
        name: [statistics.median(column) for column in zip(*runs, strict=True)]
        for name, runs in measured.items()
    }


def main() -> None:
    """Measure all formats and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage_formats")
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    facts = machine.description(Path(__file__).parent)
    facts["pages"] = f"{asked.pages:,}; median of {asked.runs}, interleaved"
    figures = medians(asked.pages, asked.runs)
    lines = [
        report.table_line(("Format", *HEADINGS)),
        report.table_line(("---", *["--:"] * len(HEADINGS))),
    ]
    for name, values in figures.items():
        lines.append(report.table_line((name, *(f"{value:,.0f}" for value in values))))
    lines += ["", *(f"- {name}: {value}" for name, value in facts.items())]
    text = "\n".join(lines) + "\n"
    print(text)
    kept = {"machine": facts, "headings": HEADINGS, "formats": figures}
    print(f"kept as {report.write('storage_formats', text, kept)}")


if __name__ == "__main__":
    main()
