"""Whether the files of the past are those that the last build left, at a glance: without Arrow.

Looked at is how they end, which says what wrote them. What a glance does not see is seen by whoever
reads them (`history.known`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from catalog_pipeline.catalogue.history import TELLING_COLUMNS
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.storing.object_errors import ReplacedMeanwhileError
from catalog_pipeline.storing.objects import ObjectInfo
from catalog_pipeline.storing.stores import end_of
from catalog_pipeline.system.durable_files import NotAPlainFileError
from catalog_pipeline.tables.last_past import LastPast

_MARK = b"PAR1"
"""At the end of each Parquet file, after the length of what the file says of itself."""
_LENGTH_BYTES = 4
_LOOKED_AT = 64 << 10
"""What nearly all of these files say of themselves is shorter."""


def damage_of_past(
    places: CataloguePlaces,
    paths: tuple[Path, ...],
    found: Mapping[Path, ObjectInfo | None],
    last: LastPast | None,
) -> str | None:
    """What is wrong with files of the past; None if nothing is to be seen.

    `found` are those that are there, and `last` is what the last build recorded of them: without
    it none has to be there.

    Raises:
        StorageError: they cannot be read.
    """
    gone = [path for path in paths if path not in found] if last is not None else []
    if gone:
        which = " and ".join(map(places.told, gone))
        return (
            f"what was kept of its past is gone ({which}); a build begins it anew, unless a copy "
            f"of it is put back before"
        )
    for path in paths:
        if path not in found:
            continue
        end, why = _end(places, path, found[path])
        if why is not None:
            return (
                f"what was kept of its past is damaged ({places.told(path)} {why}); a build sets "
                f"it aside and begins the past anew, unless a copy of it is put back before"
            )
        if end and last is not None and f'"version": "{last.version}"'.encode() not in end:
            return (
                f"what is kept of its past is not what the last build left ({places.told(path)} "
                f"is not of it); what was between the two is lost to the next build, unless the "
                f"right file is put back before"
            )
    return None


def _end(places: CataloguePlaces, path: Path, found: ObjectInfo | None) -> tuple[bytes, str | None]:
    """What a file says of itself, and what is wrong with it; nothing of one that just went."""
    try:
        end = end_of(places, path, found, _LOOKED_AT)
        length = int.from_bytes(end[-len(_MARK) - _LENGTH_BYTES : -len(_MARK)], "little")
        length += _LENGTH_BYTES + len(_MARK)
        if end.endswith(_MARK) and length > len(end):
            end = end_of(places, path, found, length)
    except (FileNotFoundError, ReplacedMeanwhileError):
        # A build is just putting another in its place.
        return b"", None
    except NotAPlainFileError as error:
        return b"", f"is {error.kind}"
    except OSError as error:
        return b"", f"cannot be read: {error.strerror}"
    if not end.endswith(_MARK):
        return b"", "does not end as a Parquet file does"
    is_told = TELLING_COLUMNS[path.stem].encode() in end
    return end, None if is_told else f"does not hold the {path.stem}"
