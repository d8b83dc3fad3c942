"""Whether the files of the past are damaged, at a glance: by how they end, without Arrow.

What a glance does not see is seen by whoever reads them (`history.known`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.storing.object_errors import ReplacedMeanwhileError
from catalog_pipeline.storing.objects import ObjectInfo
from catalog_pipeline.storing.stores import end_of
from catalog_pipeline.system.durable_files import NotAPlainFileError

_END = b"PAR1"
"""Of each Parquet file."""


def damage_of_past(
    places: CataloguePlaces, paths: tuple[Path, ...], found: Mapping[Path, ObjectInfo | None]
) -> str | None:
    """What is wrong with files of the past that were found; None if nothing is to be seen.

    Raises:
        StorageError: they cannot be read.
    """
    for path in paths:
        why = _damage(places, path, found[path])
        if why is not None:
            return (
                f"what was kept of its past is damaged ({places.told(path)} {why}); a build sets "
                f"it aside and begins the past anew, unless a copy of it is put back before"
            )
    return None


def _damage(places: CataloguePlaces, path: Path, found: ObjectInfo | None) -> str | None:
    try:
        is_whole = end_of(places, path, found, len(_END)) == _END
    except (FileNotFoundError, ReplacedMeanwhileError):
        # A build is just putting another in its place.
        return None
    except NotAPlainFileError as error:
        return f"is {error.kind}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if is_whole else "does not end as a Parquet file does"
