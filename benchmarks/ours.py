"""The line of `catalog-pipeline` itself: its instance, its catalogue, its Parquet table."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.lines import Job, Line
from benchmarks.measure import Command
from benchmarks.shop import Product, read_product

PROJECT = Path(__file__).parents[1]
TEMPLATE = Path(__file__).parent / "catalogues" / "bench" / "defs.yaml"
CATALOGUE = TEMPLATE.parent.name


def environment(folder: Path) -> dict[str, str]:
    """Variables by which the project finds its instance, data and the bench's catalogue."""
    return {
        "DAGSTER_HOME": str(folder / "dagster_home"),
        "CATALOG_PIPELINE_DATA": str(folder / "data"),
        "CATALOG_PIPELINE_DEFS": str(folder / "defs"),
    }


def command(*arguments: str) -> list[str]:
    """A `catalog-pipeline` command of the environment that runs the benchmark."""
    return [str(Path(sys.executable).with_name("catalog-pipeline")), *arguments]


def prepare(job: Job) -> None:
    """Write the instance's configuration, as the project ships it, and the catalogue."""
    home = job.folder / "dagster_home"
    home.mkdir()
    shutil.copy(PROJECT / "dagster_home" / "dagster.yaml", home)
    catalogue = job.folder / "defs" / CATALOGUE
    catalogue.mkdir(parents=True)
    text = TEMPLATE.read_text()
    text = text.replace("last_page: 2000", f"last_page: {job.pages}")
    text = text.replace("base_url: http://127.0.0.1:8080", f"base_url: {job.base_url}")
    text = text.replace("concurrency: 16", f"concurrency: {job.concurrency}")
    (catalogue / "defs.yaml").write_text(text)


def crawl(job: Job, *options: str) -> Command:
    """The command that crawls the catalogue of a prepared job."""
    run = command("run", CATALOGUE, "--json", *options)
    return Command(run, environment(job.folder))


def table(job: Job) -> Path:
    """Where the crawl's table is."""
    return job.folder / "data" / CATALOGUE / "products.parquet"


def _set_up(job: Job) -> Command:
    prepare(job)
    return crawl(job)


def _rows(job: Job) -> Iterator[Product]:
    import pyarrow.parquet as parquet

    for row in parquet.read_table(table(job)).to_pylist():
        yield read_product(job.base_url, row)


OUR_LINE = Line(
    "ours",
    "**catalog-pipeline**",
    _set_up,
    _rows,
    "body and rows, by themselves; their checkpoint, for a group of pages",
)


IMPORT_OF_DAGSTER = Command([sys.executable, "-c", "import dagster"])
"""The yardstick of start-up times."""
