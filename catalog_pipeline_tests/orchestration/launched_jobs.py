"""A code location for tests: runs that last until a file says so, and an asset of five pages."""

import os
import time
from pathlib import Path

import dagster as dg

from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life


def _wait(context: dg.OpExecutionContext) -> None:
    root = Path(context.instance.root_directory)
    being_written = root / f"{context.run_id}.pid.new"
    being_written.write_text(str(os.getpid()))
    being_written.replace(root / f"{context.run_id}.pid")
    while not (root / f"{context.run_id}.go").exists():
        time.sleep(0.05)


@dg.op
def wait_with_sign(context: dg.OpExecutionContext) -> None:
    with hold_sign_of_life(Path(context.instance.root_directory), context.run_id):
        _wait(context)


@dg.op
def wait_without_sign(context: dg.OpExecutionContext) -> None:
    _wait(context)


@dg.job(executor_def=dg.in_process_executor)
def signing() -> None:
    wait_with_sign()


@dg.job(executor_def=dg.in_process_executor)
def silent() -> None:
    wait_without_sign()


@dg.asset(
    key=["shop", "product_pages"],
    partitions_def=dg.StaticPartitionsDefinition(["1", "2", "3", "4", "5"]),
)
def product_pages() -> None: ...


defs = dg.Definitions(assets=[product_pages], jobs=[signing, silent])
