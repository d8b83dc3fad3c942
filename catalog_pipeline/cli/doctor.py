"""`catalog-pipeline doctor`: what the command found where it stands, and what is amiss with it.

Without Dagster, so that it answers where Dagster does not.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import TypeVar

import click

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.finding import Found, find_catalogues
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.project import Project, named_project
from catalog_pipeline.cli.left_folders import notes_of_left_folders
from catalog_pipeline.cli.options import json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import CatalogPipelineError, CatalogueError
from catalog_pipeline.home_settings import HomeSettings, read_settings
from catalog_pipeline.places import (
    DATA_VARIABLE,
    HOME_VARIABLE,
    catalogue_places,
    dagster_home,
    data_address,
    data_folder,
)
from catalog_pipeline.storing.folder_rights import try_folder
from catalog_pipeline.storing.object_rights import try_rights
from catalog_pipeline.storing.objects import Objects

_PACKAGES = ("catalog-pipeline", "dagster", "dagster-webserver", "dagster-dg-cli", "SQLAlchemy")
_PATIENCE_SECONDS = 3.0
"""How long a bucket may take to be looked at."""

T = TypeVar("T")


@dataclass(frozen=True)
class Findings:
    """What was found, each in the words that are shown, and what is amiss, in sentences."""

    project: str
    home: str
    data: str
    storage: str
    catalogues: tuple[str, ...]
    versions: dict[str, str]
    amiss: tuple[str, ...]
    notes: tuple[str, ...] = ()


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Say which project, home, data, catalogues, storage and versions are used.

    Exit code: 0 all is well, 1 something is amiss.
    """
    findings = _examine()
    if as_json:
        print(json.dumps(asdict(findings)))
    else:
        _show(findings)
    return 1 if findings.amiss else 0


def _examine() -> Findings:
    project = named_project(os.environ)
    amiss: list[str] = []
    found = _tried(amiss, find_catalogues) or Found({}, ())
    settings = _tried(amiss, lambda: read_settings(dagster_home()))
    server = _tried(amiss, _server)
    amiss += [*found.ignored, *map(str, found.doubled.values())]
    read = [_tried(amiss, partial(read_catalogue, path)) for path in found.files.values()]
    for name in found.files:
        _tried(amiss, partial(catalogue_places, name))
    amiss += _of_home(project, settings)
    address, folder = _tried(amiss, data_address), _tried(amiss, data_folder)
    for used in filter(None, (dagster_home(), folder)):
        _tried(amiss, partial(try_folder, used))
    if _tried(amiss, lambda: _can_be_used(address)):
        for catalogue in filter(None, read):
            _tried(amiss, partial(_look_at_files, amiss, catalogue))
    names = {*found.files, *found.doubled}
    left = _tried(amiss, partial(notes_of_left_folders, folder, names)) if folder else ()
    return Findings(
        project=f"{project.root} ({project.settings.name})" if project else "none",
        home=_with_variable(str(dagster_home()), HOME_VARIABLE),
        data=_with_variable(address or str(folder or "unknown"), DATA_VARIABLE),
        storage=_storage(settings) + (f" at {server}" if server else ""),
        catalogues=tuple(found.files),
        versions=_versions(),
        amiss=tuple(dict.fromkeys(amiss)),
        notes=(*(_of_machines(settings) if address is not None else ()), *(left or ())),
    )


def _tried(amiss: list[str], look: Callable[[], T]) -> T | None:
    try:
        return look()
    except CatalogueError as error:
        amiss.append(str(error).splitlines()[0])
    except CatalogPipelineError as error:
        amiss.append(str(error))
    return None


def _can_be_used(address: str | None) -> bool:
    """That the place of the data, if it is an object store's, can be used.

    Raises:
        StorageError: it cannot.
    """
    if address is not None:
        try_rights(Objects(address, patience_seconds=_PATIENCE_SECONDS))
    return True


def _look_at_files(amiss: list[str], catalogue: Catalogue) -> None:
    """Look whether a catalogue's table and what is kept of its past are those that were built, and
    whether its done pages have their files.

    Raises:
        StorageError: they cannot be looked at.
    """
    from catalog_pipeline.orchestration.checkpoints.kept_past import (
        damage_of_kept_past,
        seen_last_build,
    )
    from catalog_pipeline.orchestration.checkpoints.lost_files import told_of_lost_files
    from catalog_pipeline.orchestration.checkpoints.table_state import (
        damage_of_build,
        unrecorded_table,
    )
    from catalog_pipeline.orchestration.instance.asking import ask_tables
    from catalog_pipeline.orchestration.instance.sql.table_history import NotPlainError

    built, problem, lost = None, None, None
    # What only Dagster could tell is not asked of it.
    with contextlib.suppress(NotPlainError):
        built = seen_last_build(catalogue)
        problem = damage_of_build(catalogue, built) if built else unrecorded_table(catalogue)
    past = damage_of_kept_past(catalogue, built)
    with contextlib.suppress(NotPlainError):
        lost = ask_tables(lambda history: told_of_lost_files(history, catalogue))
    found = (problem, past, lost)
    amiss += [f"{catalogue.name}: {each}." for each in found if each is not None]


def _server() -> str | None:
    """The place of the PostgreSQL server that the home is in, which has been asked; None if none.

    Raises:
        UsageError: what it takes to ask is not there, or files hold a history that it lacks.
        StorageError: it cannot be asked.
    """
    from catalog_pipeline.orchestration.instance.postgres import address

    home = dagster_home()
    address.check_storage_settings(home)
    config = address.settings_of_home(home)
    # With a provider Dagster knows how to get a token, and nobody else does.
    if config is None or config.get("auth_provider"):
        return None
    from catalog_pipeline.orchestration.instance.postgres import reaching

    reaching.check_past(home, config)
    return reaching.place_of(config)


def _storage(settings: HomeSettings | None) -> str:
    if settings is None:
        return "unknown"
    return settings.storage if settings.path.exists() else "not made yet; the next command makes it"


def _of_home(project: Project | None, settings: HomeSettings | None) -> list[str]:
    sentences = []
    if project is not None and not os.environ.get(HOME_VARIABLE):
        sentences.append(
            f"{HOME_VARIABLE} is not set: dg keeps what it does in a folder that it deletes, and "
            f"the command in {dagster_home()}. Set {HOME_VARIABLE} in {project.env_file}."
        )
    elif not dagster_home().is_dir():
        sentences.append(
            f"{HOME_VARIABLE} is {dagster_home()}, and no folder is there: dg refuses to start. "
            f"catalog-pipeline init-home makes it."
        )
    if settings is not None and settings.path.exists() and settings.warnings:
        sentences += [f"{settings.path} has no {warning}." for warning in settings.warnings]
        sentences.append("catalog-pipeline init-home adds what is lacking and keeps what is there.")
    return sentences


def _of_machines(settings: HomeSettings | None) -> tuple[str, ...]:
    if settings is None or "sqlite" not in settings.storage.lower():
        return ()
    return (
        "The event log is in files of this machine: others can read the bucket, and may not crawl "
        "into it. Machines that crawl together need an instance in PostgreSQL (docs/deploy.md).",
    )


def _with_variable(text: str, variable: str) -> str:
    return f"{text} ({variable})" if os.environ.get(variable) else text


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _show(findings: Findings) -> None:
    rows = {
        "Project": findings.project,
        "Home": findings.home,
        "Data": findings.data,
        "Event log": findings.storage,
        "Catalogues": ", ".join(findings.catalogues) or "none",
        "Versions": ", ".join(f"{name} {number}" for name, number in findings.versions.items()),
    }
    for heading, text in rows.items():
        say(f"{heading + ':':12} {text}")
    for sentence in findings.notes:
        say(f"Note: {sentence}")
    for sentence in findings.amiss:
        say(f"Amiss: {sentence}")
    if not findings.amiss:
        say("Nothing is amiss.")
