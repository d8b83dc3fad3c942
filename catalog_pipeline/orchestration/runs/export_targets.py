"""Whether the place that an export writes to is its own: no other's, and none of the project's.

Only where everything is can tell: a path may be a link, and the database is in a variable. What a
YAML shows of that by itself is in `catalogue.exports`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from catalog_pipeline.catalogue.exports import Export
from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.written import text_of
from catalog_pipeline.errors import CatalogueError, ExportError, UsageError
from catalog_pipeline.places import CataloguePlaces, data_folder
from catalog_pipeline.storing.own_files import check_not_own

_MOST_KEPT = 256
"""Of catalogues that were read, since each is asked for by all others that export."""
_USUAL_PORT = 5432
_HERE = ("localhost", "127.0.0.1", "::1")


def export_file(
    catalogue: Catalogue, export: Export, environ: Mapping[str, str] = os.environ
) -> Path:
    """Where the file of an export is."""
    return CataloguePlaces(data_folder(environ) / catalogue.name).exports / export.file_name


def check_target(
    catalogue: Catalogue, export: Export, environ: Mapping[str, str] = os.environ
) -> None:
    """Refuse to write where another export does.

    Raises:
        ExportError: another one does; both would take themselves for what is there.
    """
    if rival := _rival_of(catalogue, export, environ):
        raise ExportError(rival)


def mistakes_of_targets(catalogue: Catalogue, environ: Mapping[str, str]) -> Iterator[Mistake]:
    """Exports to a place of another's, or of a file of the project's own."""
    for number, export in enumerate(catalogue.exports):
        if export.to != "postgres":
            try:
                check_not_own(export_file(catalogue, export, environ), environ)
            except UsageError as error:
                yield Mistake(f"exports.{number}.path", str(error).removesuffix("."))
        if rival := _rival_of(catalogue, export, environ):
            yield Mistake(f"exports.{number}", rival)


def _rival_of(catalogue: Catalogue, export: Export, environ: Mapping[str, str]) -> str | None:
    """A sentence on another export to the same place; None if there is none."""
    target = _target(catalogue, export, environ)
    for owner, other in _others(catalogue, export, environ):
        is_shared = export.mode == other.mode == "merge"
        if is_shared or _target(owner, other, environ) != target:
            continue
        whose = "" if owner is catalogue else f" of the catalogue {owner.name}"
        where = f"the table {export.table_name} of the database of {export.url_env}"
        if export.to != "postgres":
            where = str(export_file(catalogue, export, environ))
        return (
            f"{export.asset_name} and {other.asset_name}{whose} both write {where}, so that the "
            f"one's rows would be gone with the other's; give one another path or table"
        )
    return None


def _others(
    catalogue: Catalogue, export: Export, environ: Mapping[str, str]
) -> Iterator[tuple[Catalogue, Export]]:
    """All other exports that are known here, with their catalogues."""
    for own in catalogue.exports:
        if own.asset_name != export.asset_name:
            yield catalogue, own
    for name, path in find_catalogues(environ).files.items():
        if name == catalogue.name:
            continue
        try:
            exporting = _exporting_at(path, path.stat().st_mtime_ns, frozenset(environ.items()))
        except (CatalogueError, OSError):
            # As long as it has a mistake it writes nothing, and both are looked at when it has not.
            continue
        if exporting is not None:
            yield from ((exporting, other) for other in exporting.exports)


@lru_cache(maxsize=_MOST_KEPT)
def _exporting_at(path: Path, _stamp: int, environ: frozenset[tuple[str, str]]) -> Catalogue | None:
    """The catalogue of a file, if it may export something.

    Raises:
        CatalogueError: its YAML has a mistake.
        OSError: it cannot be read.
    """
    if "exports" not in text_of(path, errors="replace"):
        return None
    return read_catalogue(path, dict(environ))


def _database(address: str) -> str:
    """The same for all addresses that are seen to be of one database, whoever asks it and how."""
    try:
        parts = urlsplit(address)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        host = asked.get("host", parts.hostname or "")
        port = asked.get("port", str(parts.port or _USUAL_PORT))
    except ValueError:
        return address
    if parts.scheme not in ("postgres", "postgresql"):
        return address
    user = asked.get("user", unquote(parts.username or ""))
    name = asked.get("dbname", unquote(parts.path.removeprefix("/"))) or user
    is_here = not host or host.startswith("/") or host in _HERE
    return f"{'localhost' if is_here else host.lower()}:{port}/{name}"


def _target(catalogue: Catalogue, export: Export, environ: Mapping[str, str]) -> tuple[str, str]:
    if export.to == "postgres":
        variable = str(export.url_env)
        return f"database {_database(environ.get(variable) or variable)}", export.own_table
    return "file", str(export_file(catalogue, export, environ).resolve())
