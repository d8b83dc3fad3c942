"""Opens the one Dagster instance that command line, web UI, workers and daemon share."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from yaml import YAMLError

from catalog_pipeline.errors import StorageError
from catalog_pipeline.home_settings import read_settings
from catalog_pipeline.orchestration.instance.patience import somebody_waits
from catalog_pipeline.orchestration.instance.postgres.address import (
    check_storage_settings,
    settings_of_home,
)
from catalog_pipeline.orchestration.instance.sqlite.addresses import is_plain
from catalog_pipeline.orchestration.instance.unmoved import MOVED_MARK, check_moved
from catalog_pipeline.orchestration.instance.unusable_storage import storage_in_use, storage_opened
from catalog_pipeline.places import HOME_VARIABLE, ensure_dagster_home

_OUTPUT_STAYS_HERE = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}
"""A command's output belongs on its terminal. Dagster's capture would lead it through processes
of the terminal's group, which a Ctrl-C ends, the last words of the command with them."""


_STOCK_SQLITE = ("SqliteEventLogStorage", "SqliteRunStorage", "SqliteScheduleStorage")


@contextmanager
def open_instance(*, is_moving: bool = False) -> Iterator[DagsterInstance]:
    """The instance of `DAGSTER_HOME`, or of the project's own home; never a temporary one.

    For commands: what a run in this process prints is not captured for the web UI, and a server
    that is away is not waited for as long as by others. Who `is_moving` the history of its files
    into its database may find the one full and the other empty.

    Raises:
        StorageError: its files cannot be used within the block: the disk is full, ...
        UsageError: its settings cannot be read, or name what is not there, or its files hold a
            history that its database lacks.
    """
    with _opened(_OUTPUT_STAYS_HERE, somebody_waits(), is_moving=is_moving) as instance:
        yield instance


@contextmanager
def open_instance_of_worker() -> Iterator[DagsterInstance]:
    """The same for a process that executes runs which others launch, and shows what they print.

    Raises:
        StorageError, UsageError: as `open_instance`.
    """
    with _opened(_OUTPUT_STAYS_HERE, nullcontext()) as instance:
        yield instance


@contextmanager
def open_served_instance() -> Iterator[DagsterInstance]:
    """The same for the web UI, with whatever its settings say of the output of runs.

    Raises:
        StorageError, UsageError: as `open_instance`.
    """
    with _opened({}, nullcontext()) as instance:
        yield instance


@contextmanager
def _opened(
    overrides: dict[str, Any], opening: AbstractContextManager[None], *, is_moving: bool = False
) -> Iterator[DagsterInstance]:
    home = str(ensure_dagster_home())
    os.environ[HOME_VARIABLE] = home
    check_storage_settings(Path(home))
    try:
        reference = InstanceRef.from_dir(home, overrides=overrides)
    except YAMLError:
        read_settings(Path(home))
        raise
    _check_path(home, reference)
    with storage_opened(home), opening:
        instance = DagsterInstance.from_ref(reference)
    with instance as one, storage_in_use(home):
        if not is_moving and settings_of_home(Path(home)) is not None:
            check_moved(Path(home), lambda: _has_past(one))
        yield one


def _has_past(instance: DagsterInstance) -> bool:
    marks = instance.daemon_cursor_storage.get_cursor_values({MOVED_MARK})
    return MOVED_MARK in marks or bool(instance.get_run_ids(limit=1))


def _check_path(home: str, reference: InstanceRef) -> None:
    storages = (
        reference.event_storage_data,
        reference.run_storage_data,
        reference.schedule_storage_data,
    )
    is_stock = any(each and each.class_name in _STOCK_SQLITE for each in storages)
    if is_stock and not is_plain(home):
        raise StorageError(
            f"Dagster's own storages cannot use the folder {home}: a ? or a % in its path means "
            f"something else to them. Name this package's storages in {home}/dagster.yaml, or use "
            f"another folder."
        )
