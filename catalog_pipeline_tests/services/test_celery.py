"""Runs launched over Celery: two machines, one of which dies, a broker and a database that stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline_tests.postgres_server import Database, PostgresServer
from catalog_pipeline_tests.redis_server import RedisServer, redis_server
from catalog_pipeline_tests.services.celery_worker import SETTINGS, CeleryWorker
from catalog_pipeline_tests.services.downloads import downloads
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import RunningServices

NAME = "spread"
PAGES = 40
CONCURRENCY = 2
SLOW_MS = 3_000
"""With so much for a page, no run is over before both are on."""

AWAY_SECONDS = 20.0
"""How long the database is stopped: twice as long as a lease lasts."""


@dataclass(frozen=True)
class Cluster:
    """Services, a broker, and workers on two machines that are not started yet."""

    services: RunningServices
    broker: RedisServer
    workers: tuple[CeleryWorker, CeleryWorker]
    shop: RunningShop

    def has_ended_well(self, backfill: str) -> bool:
        return self.services.client.backfill_status(backfill) == "COMPLETED_SUCCESS"


@pytest.fixture
def cluster(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    settings = ShopSettings(pages=PAGES, page_size=3, latency_ms=SLOW_MS)
    with redis_server(tmp_path / "redis") as broker, RunningShop(settings, port=0) as shop:
        monkeypatch.setenv("CATALOG_PIPELINE_BROKER", broker.url)
        services = RunningServices(tmp_path, shop.url, settings=SETTINGS)
        services.add_catalogue(
            NAME,
            shop.url,
            last_page=PAGES,
            pages_per_run=PAGES // 2,
            runs_at_once=2,
            politeness={"concurrency": CONCURRENCY, "obey_robots": False},
        )
        one, other = (CeleryWorker(services, name, NAME) for name in ("one", "other"))
        with services, one, other:
            yield Cluster(services, broker, (one, other), shop)


def test_a_machine_that_dies_is_found_out_and_no_broker_or_database_that_stops_loses_anything(
    cluster: Cluster, postgres: PostgresServer
) -> None:
    client = cluster.services.client
    client.stop("sandbox_table_sensor")
    wait_for("the pool's limit", lambda: client.skips(f"{NAME}_table_sensor"))
    backfill = client.launch_backfill(NAME, range(1, PAGES + 1))
    wait_for("both runs at the broker", lambda: cluster.broker.waiting() == 2)
    cluster.broker.kill()
    cluster.broker.start()
    assert cluster.broker.waiting() == 2
    for worker in cluster.workers:
        worker.start()
    one, other = cluster.workers
    wait_for("a run on each of them", lambda: one.executes() and other.executes())
    wait_for("pages of both runs", lambda: {1, 21} <= set(downloads(cluster.shop)))
    with postgres.stopped():
        time.sleep(AWAY_SECONDS)
    assert one.executes()
    assert other.executes()
    one.kill()
    died_at = time.monotonic()
    cluster.shop.control(latency_ms=0)
    wait_for("the end of the backfill", lambda: cluster.has_ended_well(backfill), 240)
    print(f"from its death to the end of all: {time.monotonic() - died_at:.0f} s")
    assert client.statuses(NAME).done == list(range(1, PAGES + 1))
    found = downloads(cluster.shop)
    assert set(found) == set(range(1, PAGES + 1))
    assert "must have a unique name" not in cluster.services.log.read_text()
    assert sum(found.values()) - PAGES <= 2 * CONCURRENCY
    statuses = sorted(run["status"] for run in client.runs(NAME))
    assert statuses == ["FAILURE", "SUCCESS", "SUCCESS"]
    changed = list(range(1, PAGES + 1))
    cluster.shop.control(latency_ms=SLOW_MS, reset_hits=True, revise=changed)
    run_id = client.launch_run(NAME, 1, PAGES)
    wait_for("some pages again", lambda: len(downloads(cluster.shop)) >= CONCURRENCY)
    client.terminate(run_id)
    wait_for("the run's end", lambda: client.has_ended(run_id))
    assert client.run(run_id)["status"] == "CANCELED"
    assert client.statuses(NAME).done == list(range(1, PAGES + 1))
    assert len(downloads(cluster.shop)) < PAGES
