"""Where the project keeps things: Dagster's home, the data folder or bucket, its parts.

Paths and addresses, and whether paths lead somewhere; nothing is written here except that
`ensure_dagster_home` lays out a new home.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.catalogue.project import named_project
from catalog_pipeline.errors import StorageError, UsageError
from catalog_pipeline.system.durable_files import replace_content

HOME_VARIABLE = "DAGSTER_HOME"
DATA_VARIABLE = "CATALOG_PIPELINE_DATA"
SETTINGS_NAME = "dagster.yaml"
STORE_SCHEMES = ("s3", "gs", "az")
"""What an address begins with whose files are kept in an object store."""
_ADDRESS = re.compile(
    rf"([a-z][a-z0-9+.-]*)(://)(.*)|({'|'.join(STORE_SCHEMES)})(:/?)(?!/)(.*)", re.IGNORECASE
)
"""An address, also one of an object store that lacks a slash: no folder is called so."""
_NO_FOLDER_OF_A_STORE = re.compile(r"[?#%]|(?:^|/)\.{0,2}(?:/|$)")
_BROUGHT_ALONG = re.compile(r"^[\s\"']|[\s\"']$|^[^/]*://.*[\x00-\x1f\x7f]", re.DOTALL)
"""What no address has; within the name of a folder there is nothing that may not be."""
_PACKAGE = Path(__file__).parent
TEMPLATE = _PACKAGE / "dagster_home.yaml"
"""The settings that a new home is made with."""


@dataclass(frozen=True)
class CataloguePlaces:
    """The files of one catalogue below the data folder.

    With an `address` they are kept below it, in an object store: then the folder is this machine's
    own, in which locks, cookies and what is under construction are, and copies of tables.
    """

    folder: Path
    address: str | None = None

    def holds(self, path: Path) -> bool:
        """Whether what has that path is kept where these files are; else it is on this machine."""
        return path.is_relative_to(self.folder) and ".." not in path.parts

    def told(self, path: Path) -> str:
        """Where people find what has that path."""
        if self.address is None or not self.holds(path):
            return str(path)
        return "/".join((self.address, *path.relative_to(self.folder).parts))

    def uri(self, path: Path) -> str:
        """The same as a URI."""
        told = self.told(path)
        return told if _ADDRESS.match(told) else path.as_uri()

    @property
    def pages(self) -> Path:
        """Folder of the page files."""
        return self.folder / "pages"

    @property
    def failures(self) -> Path:
        """Folder of what the site answered where a page failed."""
        return self.folder / "failures"

    @property
    def table(self) -> Path:
        """The Parquet table."""
        return self.folder / "products.parquet"

    @property
    def history(self) -> Path:
        """The Parquet table of all periods in which products had the same values."""
        return self.folder / "history.parquet"

    @property
    def changes(self) -> Path:
        """The Parquet table of what changed, build by build."""
        return self.folder / "changes.parquet"

    @property
    def exports(self) -> Path:
        """Folder of what the YAML says is written besides, unless it says where."""
        return self.folder / "exports"

    @property
    def report(self) -> Path:
        """The page that shows the past to people, unless another is asked for."""
        return self.folder / "report.html"

    @property
    def cookies(self) -> Path:
        """The session of a catalogue with a login."""
        return self.folder / "cookies.json"


def dagster_home(environ: Mapping[str, str] = os.environ) -> Path:
    """`DAGSTER_HOME` if set, else `dagster_home/` of project, checkout or the user's data folder.

    Raises:
        UsageError: `DAGSTER_HOME` is not an absolute path.
    """
    named = _named(HOME_VARIABLE, environ)
    if named:
        if not Path(named).is_absolute():
            raise UsageError(f"{HOME_VARIABLE} must be an absolute path, and is {named!r}.")
        return Path(named)
    return _base_folder(environ) / "dagster_home"


def data_address(environ: Mapping[str, str] = os.environ) -> str | None:
    """The address in an object store that `CATALOG_PIPELINE_DATA` names; None if it names none.

    Raises:
        UsageError: it is an address of something else.
    """
    found = _ADDRESS.fullmatch(_named(DATA_VARIABLE, environ))
    if found is None:
        return None
    name, slashes, rest = (part for part in found.groups() if part is not None)
    scheme, rest = name.lower(), rest.rstrip("/")
    if scheme not in STORE_SCHEMES or slashes != "://" or not rest or "@" in rest:
        known = ", ".join(f"{each}://BUCKET/FOLDER" for each in STORE_SCHEMES)
        raise UsageError(
            f"{DATA_VARIABLE} begins with {name}{slashes}: write a folder, or one of {known}, "
            f"without credentials."
        )
    if _NO_FOLDER_OF_A_STORE.search(rest):
        raise UsageError(
            f"{DATA_VARIABLE} is {scheme}://{rest}: the name of a bucket or of a folder in it is "
            f"neither empty nor . nor .., and has none of ? # %, which an address reads otherwise."
        )
    return f"{scheme}://{rest}"


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`CATALOG_PIPELINE_DATA` if set, else `data/` beside Dagster's home.

    Beside, because the event log of a home speaks of the files in its data folder: the two
    belong together. Where these are in an object store it is `work/`, of which nothing is needed.
    """
    if data_address(environ) is not None:
        return dagster_home(environ).parent / "work"
    named = _named(DATA_VARIABLE, environ)
    return Path(named).absolute() if named else dagster_home(environ).parent / "data"


def _named(variable: str, environ: Mapping[str, str]) -> str:
    """What a variable says; "" if it is not set.

    Raises:
        UsageError: it has what a file of variables or a secret has brought along, of which a folder
            of another name would be made.
    """
    named = environ.get(variable) or ""
    if _BROUGHT_ALONG.search(named):
        raise UsageError(
            f"{variable} begins or ends with a blank, a newline or a quotation mark, or is an "
            f"address with a control character. That was hardly meant: take it away."
        )
    return named


def catalogue_places(name: str, environ: Mapping[str, str] = os.environ) -> CataloguePlaces:
    """Where the files of a catalogue are; a table that is a link is damage, and built anew.

    Raises:
        StorageError: what is at one of them is a link to nowhere, or no folder.
        UsageError: `CATALOG_PIPELINE_DATA` names no place for them.
    """
    address = data_address(environ)
    places = CataloguePlaces(data_folder(environ) / name, address and f"{address}/{name}")
    for folder in (places.folder.parent, places.folder, places.pages):
        _check_folder(folder)
    return places


def ensure_dagster_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Dagster's home, made with the project's settings if it is not there yet.

    Raises:
        StorageError: what is there is a link to nowhere, or no folder; or it cannot be made.
    """
    home = dagster_home(environ)
    _check_folder(home)
    settings = home / SETTINGS_NAME
    _check_link(settings)
    if not settings.exists():
        try:
            home.mkdir(parents=True, exist_ok=True)
            replace_content(settings, TEMPLATE.read_bytes())
        except OSError as error:
            raise StorageError(
                f"Cannot make Dagster's home {home}: {error.strerror or error}. Mend it, or name "
                f"another folder in {HOME_VARIABLE}."
            ) from error
    return home


def _check_folder(path: Path) -> None:
    for each in reversed((path, *path.parents)):
        _check_link(each)
    if path.exists() and not path.is_dir():
        raise StorageError(f"{path} is a file, and a folder is needed there.")


def _check_link(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise StorageError(
            f"{path} is a link to {path.readlink()}, which is not there. "
            f"Mount or make it, or take the link away."
        )


def _base_folder(environ: Mapping[str, str]) -> Path:
    """The project that is meant, the checkout of this package, or the user's data folder."""
    if project := named_project(environ):
        return project.root
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").exists() and (checkout / "workspace.yaml").exists():
        return checkout
    share = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(share) / "catalog_pipeline"
