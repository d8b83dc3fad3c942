"""Where the server is, by the keys of dagster-postgres, as libpq and the driver take it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import parse_dsn
from sqlalchemy.engine import make_url

from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres.address import (
    CLASS,
    MODULE,
    address_of,
    check_storage_settings,
    for_driver,
    storage_settings,
)
from catalog_pipeline_tests.postgres_server import write_postgres_home

ODD = "p@ss/w:o%r d"


@pytest.mark.parametrize(
    ("told", "host", "port"),
    [
        ({"hostname": "db.example.org"}, "db.example.org", "5432"),
        ({"hostname": "127.0.0.1", "port": 6000}, "127.0.0.1", "6000"),
        ({"hostname": "::1"}, "::1", "5432"),
        ({"hostname": "/run/postgresql", "port": 6000}, "/run/postgresql", "6000"),
    ],
)
def test_libpq_and_the_driver_read_the_same(told: dict[str, Any], host: str, port: str) -> None:
    config = {"postgres_db": {"username": "u@x", "password": ODD, "db_name": "the/shop", **told}}
    read = parse_dsn(address_of(config))
    wanted = {"user": "u@x", "password": ODD, "dbname": "the/shop", "host": host, "port": port}
    assert read == wanted
    url = make_url(for_driver(address_of(config)))
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.query["dbname"]) == ("u@x", ODD, "the/shop")
    assert (url.host or url.query["host"], str(url.port or url.query["port"])) == (host, port)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_whatever_the_scheme_the_driver_is_the_one_that_is_installed(scheme: str) -> None:
    address = address_of({"postgres_url": f"{scheme}://u@h/d"})
    assert address == "postgresql://u@h/d"
    assert for_driver(address) == "postgresql+psycopg2://u@h/d"


def test_values_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PG", ODD)
    told = {"username": "u", "password": {"env": "SHOP_PG"}, "hostname": "h", "db_name": "d"}
    config = {"postgres_db": {**told, "params": {"sslmode": "require"}}}
    read = parse_dsn(address_of(config))
    assert (read["password"], read["sslmode"]) == (ODD, "require")
    monkeypatch.delenv("SHOP_PG")
    with pytest.raises(KeyError, match="SHOP_PG"):
        address_of(config)


def test_only_this_packages_storage_is_read_without_dagster() -> None:
    ours = {"module": MODULE, "class": CLASS, "config": {"postgres_url": "x"}}
    assert storage_settings({"storage": {"custom": ours}}) == {"postgres_url": "x"}
    others: list[dict[str, Any]] = [{}, {"postgres": {}}, {"custom": {**ours, "class": "X"}}]
    assert [storage_settings({"storage": other}) for other in others] == [None] * 3


def test_all_variables_that_are_not_set_are_named(
    no_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_postgres_home(no_home)
    names = [f"DAGSTER_PG_{part}" for part in ("USERNAME", "PASSWORD", "HOST", "PORT", "DB")]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=f"and {', '.join(names)} are not set"), open_instance():
        pass


@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("DAGSTER_PG_USERNAME", "username"),
        ("DAGSTER_PG_HOST", "hostname"),
        ("DAGSTER_PG_DB", "db_name"),
    ],
)
def test_a_variable_that_is_empty_is_named_and_nothing_of_libpqs_own_takes_its_place(
    no_home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, key: str
) -> None:
    write_postgres_home(no_home)
    for name in ("USERNAME", "HOST", "PORT", "DB"):
        monkeypatch.setenv(f"DAGSTER_PG_{name}", "1")
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "")
    check_storage_settings(no_home)
    monkeypatch.setenv(variable, " ")
    told = rf"The {key} of .* is not told: .*dagster.yaml takes it from {variable}, which is empty"
    with pytest.raises(UsageError, match=told):
        check_storage_settings(no_home)


def test_a_key_that_is_needed_and_not_there_is_named(
    no_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_postgres_home(no_home)
    settings = no_home / "dagster.yaml"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if "hostname:" not in line))
    for name in ("USERNAME", "PASSWORD", "PORT", "DB"):
        monkeypatch.setenv(f"DAGSTER_PG_{name}", "1")
    with pytest.raises(UsageError, match="has no hostname of the PostgreSQL server"):
        check_storage_settings(no_home)


def test_a_package_that_is_not_installed_is_named_with_what_installs_it(
    no_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_postgres_home(no_home)
    monkeypatch.setattr(sys, "path", [at for at in sys.path if "site-packages" not in at])
    monkeypatch.delitem(sys.modules, "dagster_postgres", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'catalog-pipeline\[postgres\]'"):
        check_storage_settings(no_home)
