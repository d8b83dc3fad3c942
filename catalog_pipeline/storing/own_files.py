"""Which files are the project's own, so that nothing which people ask for is written over them.

Of each catalogue below the data folder: its table, its past, its session, its pages and failed
answers. What is written for people beside them, as into `exports`, is theirs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from catalog_pipeline.errors import UsageError
from catalog_pipeline.places import CataloguePlaces, data_folder

_OWN_NAME = re.compile(r"(products|history|changes)(\.kept-.*)?\.parquet|cookies\.json|\..*")
"""Also a past that made room for another one, and what is under construction."""


def check_not_own(path: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse to write what people ask for in the place of a file of the project's own.

    Raises:
        UsageError: one is kept there; or nothing else is, in that folder.
    """
    real = path.resolve()
    for places in _all_places(real, data_folder(environ)):
        is_within = any(
            real.is_relative_to(each.resolve()) for each in (places.pages, places.failures)
        )
        is_beside = real.parent == places.folder.resolve()
        if is_within or (is_beside and _OWN_NAME.fullmatch(real.name)):
            raise UsageError(
                f"{path} is where {places.folder.name} keeps files of its own, of which there may "
                f"be no other copy; name another file, as in {places.exports}."
            )


def _all_places(path: Path, data: Path) -> Iterator[CataloguePlaces]:
    """Of the catalogues that keep something here, and of the one that would keep that path."""
    names = {each.name for each in data.iterdir() if each.is_dir()} if data.is_dir() else set()
    if path.is_relative_to(data.resolve()):
        names |= {*path.relative_to(data.resolve()).parts[:1]}
    return (CataloguePlaces(data / name) for name in sorted(names))
