"""Machines that share a database, each with a home and a data folder of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import dagster as dg
import pytest
import yaml

from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.orchestration.instance.history import Source, history_of
from catalog_pipeline.orchestration.instance.host_leases import HostLeases, leases_of
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import HOME_VARIABLE
from catalog_pipeline_tests.deployed import DEPLOY
from catalog_pipeline_tests.orchestration.histories import PAGES, Clock, RunHistory
from catalog_pipeline_tests.postgres_server import Database, write_postgres_home
from catalog_pipeline_tests.waiting import wait_for

T = TypeVar("T")

ME = f"process {os.getpid()} on {socket.gethostname()}"
OVER = "UPDATE catalog_pipeline_leases SET until = '-infinity'"
"""Whoever has a lease was not heard of for as long as it lasts."""


class Hosts:
    """Machines with a home and a data folder each, and one database."""

    def __init__(self, folder: Path, stack: ExitStack, environment: pytest.MonkeyPatch) -> None:
        self._folder, self._stack, self._environment = folder, stack, environment

    def opened(self, name: str) -> dg.DagsterInstance:
        """The instance of one of them."""
        home = self._folder / name / "dagster_home"
        write_postgres_home(home)
        self._environment.setenv(HOME_VARIABLE, str(home))
        return self._stack.enter_context(open_instance())

    def data(self, name: str) -> Path:
        """The folder of the catalogue `shop` on one of them."""
        return self._folder / name / "data" / "shop"

    def lock(self, name: str) -> Lease:
        """The lock of the catalogue on one of them."""
        lock = self._stack.enter_context(catalogue_lock(self.data(name), f"of-{name}"))
        assert lock is not None
        return lock


def leases(instance: dg.DagsterInstance) -> HostLeases:
    """Those of an instance that has some."""
    found = leases_of(instance)
    assert found is not None
    return found


def taken_over(database: Database, take: Callable[[], T | None]) -> T:
    """What can be taken once nobody was heard of for as long as a lease lasts.

    Whoever has it may be heard of in between, as its thread renews it every few seconds.
    """

    def when_over() -> T | None:
        database.does(OVER)
        return take()

    found = wait_for("a lease that is over", when_over)
    assert found is not None
    return found


def recording(instance: dg.DagsterInstance, page: str) -> Callable[[], None]:
    """What records a page as materialized, when it is called."""
    run = RunHistory(Clock())
    return lambda: instance.event_log_storage.store_event(run.materialized(PAGES, page, "v"))


def recorded(instance: dg.DagsterInstance) -> set[str]:
    """The pages that are."""
    return instance.event_log_storage.get_materialized_partitions(PAGES)


def crawlers(source: Source) -> list[str]:
    """Who crawls the catalogue, as users are told."""
    return [each.told for each in history_of(source).crawlers("shop") if each.has_it]


def settings_of_chart() -> str:
    """What the values for the chart say of storages, for a database that variables name."""
    values = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())["additionalInstanceConfig"]
    settings = {name: dict(values[name]) for name in values if name.endswith("_storage")}
    for section in settings.values():
        variables = {
            key: {"env": name}
            for key, name in (
                *(("username", "DAGSTER_PG_USERNAME"), ("hostname", "DAGSTER_PG_HOST")),
                *(("db_name", "DAGSTER_PG_DB"),),
            )
        }
        section["config"] = {"postgres_db": section["config"]["postgres_db"] | variables}
    return yaml.safe_dump(settings)
