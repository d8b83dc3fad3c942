"""Where a `dagster.yaml` says that the PostgreSQL server is, without Dagster.

The keys are those of dagster-postgres. Not here: connections (`server`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from catalog_pipeline.errors import UsageError
from catalog_pipeline.home_settings import read_settings
from catalog_pipeline.places import SETTINGS_NAME

_PACKAGE = "catalog_pipeline.orchestration.instance.postgres"
MODULE = f"{_PACKAGE}.storage"
CLASS = "PostgresStorage"
_PARTS = (f"{_PACKAGE}.parts", "EventLog")
"""The event log of a file that names the storages one by one, as the one of Dagster's chart."""
_SCHEME = re.compile(r"^postgres(ql)?(\+\w+)?://")
DRIVER_SCHEME = "postgresql+psycopg2://"
"""What SQLAlchemy makes of a plain `postgresql://` depends on its version; the driver that
dagster-postgres installs is always this one."""
_NAMES = ("username", "hostname", "db_name")
"""What libpq puts something of its own in the place of, where it is empty: the user of the machine,
its socket, the database that is named like the user."""
_NEEDED = ("dagster_postgres", "psycopg2")
"""What the storage in PostgreSQL is made with; not every installation has it."""


def settings_of_home(home: Path) -> Mapping[str, Any] | None:
    """What a home's `dagster.yaml` configures this package's storage with; None if it does not.

    Raises:
        UsageError: it cannot be read.
    """
    with suppress(OSError):
        # Nearly no home has it, and what does not name it need not be parsed.
        if _PACKAGE not in (home / SETTINGS_NAME).read_text(encoding="utf-8", errors="replace"):
            return None
    return storage_settings(read_settings(home).sections)


def check_storage_settings(home: Path) -> None:
    """Look whether a home that is in PostgreSQL has all that it takes to ask the server.

    Raises:
        UsageError: its `dagster.yaml` cannot be read, a variable that it takes the address from is
            not set, or empty where it must not be, or the packages are not there.
    """
    config = settings_of_home(home)
    if config is None:
        return
    path = home / SETTINGS_NAME
    for package in _NEEDED:
        if find_spec(package) is None:
            raise UsageError(
                f"{path} names a storage in PostgreSQL, and {package} is not installed: "
                f"pip install 'catalog-pipeline[postgres]'."
            )
    if unset := [name for name in _variables(config) if name not in os.environ]:
        are = "is" if len(unset) == 1 else "are"
        raise UsageError(
            f"{path} takes the address of PostgreSQL from the environment, and "
            f"{', '.join(unset)} {are} not set."
        )
    try:
        address_of(config)
    except KeyError as error:
        raise UsageError(f"{path} has no {error.args[0]} of the PostgreSQL server.") from error
    _check_names(path, config.get("postgres_db") or {})
    port = _value((config.get("postgres_db") or {}).get("port", 5432))
    if not str(port).isdecimal():
        raise UsageError(f"{path} says {port!r} where the port of PostgreSQL is a number.")


def _check_names(path: Path, told: Mapping[str, Any]) -> None:
    for key in _NAMES if told else ():
        if not str(_value(told[key]) or "").strip():
            named = next(_variables(told[key]), None)
            why = f"takes it from {named}, which is empty" if named else "says nothing there"
            raise UsageError(f"The {key} of the PostgreSQL server is not told: {path} {why}.")


def storage_settings(sections: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the sections of a `dagster.yaml` configure this package's storage with; None if not."""
    storage = sections.get("storage")
    custom = storage.get("custom") if isinstance(storage, Mapping) else None
    for section, named in ((custom, (MODULE, CLASS)), (sections.get("event_log_storage"), _PARTS)):
        if isinstance(section, Mapping) and (section.get("module"), section.get("class")) == named:
            config = section.get("config")
            return config if isinstance(config, Mapping) else {}
    return None


def address_of(config: Mapping[str, Any]) -> str:
    """The URL of the database for libpq; values named by `env:` are read from the environment.

    Raises:
        KeyError: a variable is not set, or a key that is needed is not there.
    """
    url = config.get("postgres_url")
    if url:
        return _SCHEME.sub("postgresql://", str(_value(url)))
    told = {key: _value(value) for key, value in config["postgres_db"].items()}
    password = str(told.get("password") or "")
    user = quote(str(told["username"]), safe="")
    user += f":{quote(password, safe='')}" if password else ""
    host, port = str(told["hostname"]), told.get("port", 5432)
    params = {key: str(_value(value)) for key, value in (told.get("params") or {}).items()}
    if host.startswith("/"):
        # The folder of a socket; a path before the name of the database would end the host.
        params, where = {"host": host, "port": str(port), **params}, ""
    else:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    name = str(told["db_name"])
    if quote(name, safe="") != name:
        # Of a path SQLAlchemy takes the letters as they stand, and libpq does not.
        params, name = {"dbname": name, **params}, ""
    found = f"postgresql://{user}@{where}/{name}"
    return f"{found}?{urlencode(params, quote_via=quote)}" if params else found


def for_driver(address: str) -> str:
    """The same address as SQLAlchemy takes it."""
    return _SCHEME.sub(DRIVER_SCHEME, address)


def _variables(told: Any) -> Iterator[str]:
    """The variables from which values are read, in the order of the file."""
    if isinstance(told, Mapping):
        if set(told) == {"env"}:
            yield str(told["env"])
        else:
            for each in told.values():
                yield from _variables(each)


def _value(told: Any) -> Any:
    if isinstance(told, Mapping) and set(told) == {"env"}:
        return os.environ[told["env"]]
    return told
