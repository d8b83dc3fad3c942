"""Opens the one Dagster instance that command line, web UI and daemon share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import DagsterInstance

from catalog_pipeline.places import HOME_VARIABLE, ensure_dagster_home


@contextmanager
def open_instance() -> Iterator[DagsterInstance]:
    """The instance of `DAGSTER_HOME`, or of the project's own home; never a temporary one."""
    os.environ[HOME_VARIABLE] = str(ensure_dagster_home())
    with DagsterInstance.get() as instance:
        yield instance
