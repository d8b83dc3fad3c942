"""A server that is there and lets its user in, or write, not as far as is needed: said at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as db

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.host_leases import lease_name
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres.address import (
    address_of,
    for_driver,
    settings_of_home,
)
from catalog_pipeline.orchestration.instance.postgres.reaching import check_past
from catalog_pipeline.orchestration.instance.postgres.steadiness import is_refusal
from catalog_pipeline_tests.orchestration.histories import PAGES
from catalog_pipeline_tests.orchestration.instance.postgres.hosts import leases
from catalog_pipeline_tests.postgres_server import Database

pytestmark = pytest.mark.processes

ALL_TABLES = "GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"
ALL_SEQUENCES = "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
READ = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
MAKE = "GRANT CREATE, USAGE ON SCHEMA public TO {role}"


@pytest.fixture
def role(postgres_home: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A user who may nothing yet in a database that is in use; the home names it from then on."""
    with open_instance() as instance, leases(instance).sign_of_life("first"):
        instance.wipe_asset_partitions(PAGES, ["8"])
    name = f"guest_of_{database.name}"
    database.does(f"CREATE ROLE {name} LOGIN PASSWORD 'guest'")
    monkeypatch.setenv("DAGSTER_PG_USERNAME", name)
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "guest")
    return name


def _look(home: Path) -> None:
    """As `doctor` does."""
    config = settings_of_home(home)
    assert config is not None
    check_past(home, config)


def _crawl() -> None:
    with open_instance() as instance, leases(instance).sign_of_life(lease_name("shop", "crawl")):
        instance.wipe_asset_partitions(PAGES, ["8"])


@pytest.mark.parametrize(
    ("rights", "refused", "seen"),
    [
        ([MAKE, READ], "permission denied for table", "may not write into asset_check_executions,"),
        ([MAKE, ALL_TABLES], "permission denied for sequence", "may not write into .*_id_seq"),
    ],
)
def test_rights_that_are_lacking_are_told_with_what_grants_them_and_seen_before(
    postgres_home: Path, database: Database, role: str, rights: list[str], refused: str, seen: str
) -> None:
    database.does(*(each.format(role=role) for each in rights))
    for look, told in ((_crawl, refused), (lambda: _look(postgres_home), seen)):
        with pytest.raises(StorageError, match=told) as error:
            look()
        assert "GRANT ALL ON ALL SEQUENCES IN SCHEMA public" in str(error.value)
        assert "sqlalche.me" not in str(error.value)
    database.does(*(each.format(role=role) for each in (ALL_TABLES, ALL_SEQUENCES)))
    _look(postgres_home)
    _crawl()


def test_that_nothing_may_be_written_or_made_is_seen_before(
    postgres_home: Path, database: Database, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.does(*(each.format(role=role) for each in (MAKE, ALL_TABLES, ALL_SEQUENCES)))
    database.does(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    with pytest.raises(StorageError, match=r"it is read-only. .* name the primary server"):
        _look(postgres_home)
    database.does(f"ALTER ROLE {role} SET default_transaction_read_only = off")
    name = f"{database.name}_empty"
    database.does_alone(f"CREATE DATABASE {name} TEMPLATE template0")
    monkeypatch.setenv("DAGSTER_PG_DB", name)
    with pytest.raises(StorageError, match=r"may make no tables there. .* GRANT CREATE"):
        _look(postgres_home)


@pytest.mark.parametrize(
    ("statement", "password", "told"),
    [
        ("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", "guest", "permission denied for"),
        ("ALTER ROLE {role} NOLOGIN", "guest", "is not permitted to log in"),
        ("SELECT 1", "another", "password authentication failed"),
        ("SELECT 1", "", "no password supplied"),
    ],
)
def test_who_is_not_let_in_is_not_taken_for_a_server_that_is_away(
    postgres_home: Path,
    database: Database,
    role: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    statement: str,
    password: str,
    told: str,
) -> None:
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", password)
    database.does(statement.format(database=database.name, role=role))
    config = settings_of_home(postgres_home)
    assert config is not None
    with pytest.raises(db.exc.OperationalError, match=told) as error:
        db.create_engine(for_driver(address_of(config))).connect()
    assert is_refusal(error.value)
    with pytest.raises(StorageError, match=told), open_instance():
        pass
    assert "is away" not in caplog.text
