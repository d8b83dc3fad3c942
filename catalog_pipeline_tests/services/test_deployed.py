"""The services of `deploy/compose.yaml`, with its commands and variables, as processes here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.deployed import DEPLOY, Deployed
from catalog_pipeline_tests.object_server import Bucket, ObjectServer
from catalog_pipeline_tests.postgres_server import PostgresServer
from catalog_pipeline_tests.redis_server import RedisServer, redis_server
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import free_port
from catalog_pipeline_tests.site import NAME, Site

PASSWORD = "a pass'word, $of its own"
PAGES = 6
SERVICES = ("code", "worker-1", "worker-2", "daemon", "webserver")


@contextmanager
def _database_of_compose(server: PostgresServer) -> Iterator[None]:
    """The role and the database that the container of PostgreSQL makes."""
    quoted = PASSWORD.replace("'", "''")
    server.database.does(f"CREATE ROLE dagster LOGIN PASSWORD '{quoted}'")
    try:
        server.uses("createdb", "--owner=dagster", "--template=template0", "dagster")
        yield
    finally:
        server.uses("dropdb", "--if-exists", "--force", "dagster")
        server.database.does("DROP ROLE dagster")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RedisServer]:
    """What stands for the container of Redis."""
    with redis_server(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def deployed(
    postgres: PostgresServer, store_server: ObjectServer, broker: RedisServer, tmp_path: Path
) -> Iterator[Deployed]:
    """The services, in containers' folders below the test's own; none is started."""
    secrets = tmp_path / "secrets"
    subprocess.run([DEPLOY / "make-secrets.sh", secrets], check=True)
    (secrets / "postgres_password").write_text(f"{PASSWORD}\n")
    (secrets / "broker").write_text(broker.url)
    store_server.new_bucket("catalogues")
    replaced = {
        "/var/lib/catalog_pipeline": str(tmp_path / "lib"),
        "/etc/catalog_pipeline": str(tmp_path / "etc"),
        "/run/secrets": str(secrets),
        "0.0.0.0": "127.0.0.1",
        "4000": str(free_port()),
        "3000": str(free_port()),
        "host: code": "host: 127.0.0.1",
    }
    with _database_of_compose(postgres):
        servers = {
            "DAGSTER_PG_HOST": str(postgres.folder),
            "AWS_ENDPOINT_URL": store_server.url,
            "SECRETS_FOLDER": str(secrets),
        }
        yield Deployed(tmp_path, replaced, servers)


def test_what_compose_starts_crawls_builds_the_table_and_is_healthy(
    deployed: Deployed, store_server: ObjectServer, shop: RunningShop
) -> None:
    Site(deployed.folder / "etc" / "catalogues", shop).write(last_page=PAGES)
    shop.control(pages=PAGES, reset_hits=True)
    client = WebClient(deployed.here("http://127.0.0.1:3000"))
    with deployed.running(*SERVICES):
        wait_for("the assets", lambda: [NAME, "product_pages"] in client.asset_keys())
        for service in SERVICES:
            wait_for(f"{service} to be healthy", partial(deployed.is_healthy, service))
        run_id = client.launch_run(NAME, 1, PAGES)
        assert wait_for("the end of the run", lambda: client.has_ended(run_id)) == "SUCCESS"
        logs = [deployed.log(worker) for worker in ("worker-1", "worker-2")]
        assert sum(run_id in log for log in logs) == 1, "one of the workers has executed it"
        assert client.statuses(NAME).done == list(range(1, PAGES + 1))
        wait_for("the table", lambda: client.table_builds(NAME))
    assert shop.hits()["pages"] == {str(page): 1 for page in range(1, PAGES + 1)}
    bucket = Bucket("catalogues", store_server)
    assert f"data/{NAME}/products.parquet" in bucket.names
    assert sum("/pages/" in name for name in bucket.names) == PAGES
    lib = deployed.folder / "lib"
    assert not (lib / "data").exists(), "pages are in the store alone"
    assert not (lib / "dagster_home" / "history").exists(), "nothing of it is in files"
    assert not deployed.is_healthy("code")
    assert not deployed.is_healthy("webserver")
    for service in SERVICES:
        assert PASSWORD not in deployed.log(service)
