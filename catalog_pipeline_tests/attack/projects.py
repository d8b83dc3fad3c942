"""A project in a folder of its own, with one catalogue, and the command run in it.

For attacks that need a whole crawl. Not here: the attacks.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.cli.main import run_command
from catalog_pipeline.places import (
    DATA_VARIABLE,
    HOME_VARIABLE,
    CataloguePlaces,
    catalogue_places,
)

NAME = "hostile"


@dataclass(frozen=True)
class Project:
    """Where a project keeps what it writes."""

    home: Path

    @property
    def places(self) -> CataloguePlaces:
        """The files of its catalogue."""
        return catalogue_places(NAME)

    def run(self, *arguments: str) -> tuple[int, str]:
        """The exit code of `run` for the catalogue, and all that it said."""
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            code = run_command(["run", NAME, *arguments, "--json"])
        return code, told.getvalue()

    def summary(self, *arguments: str) -> dict[str, Any]:
        """What `run` says for machines; of an error that ends it, the sentence as `error`."""
        code, told = self.run(*arguments)
        last = told.strip().splitlines()[-1] if told.strip() else ""
        found = json.loads(last) if last.startswith("{") else {"error": told.strip()}
        return {"error": None, **found, "exit_code": code}


@contextmanager
def project(
    url: str, pages: int, attributes: Mapping[str, object] | None = None
) -> Iterator[Project]:
    """A project whose catalogue has that many pages `/p?page=1` on at the address.

    Its `attributes` are small ones if none are given.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = attributes or _small_catalogue(pages)
        _write_catalogue(folder / "catalogues", {**wanted, "base_url": url})
        os.environ |= {
            HOME_VARIABLE: str(folder / "home"),
            DATA_VARIABLE: str(folder / "data"),
            EXTRA_FOLDER_VARIABLE: str(folder / "catalogues"),
        }
        yield Project(folder / "home")


def _small_catalogue(pages: int) -> dict[str, object]:
    return {
        "page_url": "/p?page={page}",
        "last_page": pages,
        "product": "li",
        "fields": {"title": {"select": "a"}},
        "key": "title",
        "politeness": {
            "requests_per_second": None,
            "concurrency": 8,
            "stop_window": pages + 1,
        },
    }


def _write_catalogue(folder: Path, attributes: Mapping[str, object]) -> None:
    path = folder / NAME / "defs.yaml"
    path.parent.mkdir(parents=True)
    kind = "catalog_pipeline.CatalogueComponent"
    path.write_text(yaml.safe_dump({"type": kind, "attributes": attributes}))
