"""Folders of data that belong to no catalogue of today's YAML: renamed ones, and removed ones.

Not here: files that are left behind within a catalogue's folder, which `prune` removes.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from catalog_pipeline.errors import StorageError
from catalog_pipeline.places import CataloguePlaces


def notes_of_left_folders(data: Path, names: Collection[str]) -> tuple[str, ...]:
    """A sentence, if folders below `data` hold pages or tables of catalogues of other names.

    Raises:
        StorageError: the folder cannot be looked at.
    """
    try:
        left = sorted(each.name for each in data.iterdir() if _is_of_another(each, names))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StorageError(f"The data folder {data} cannot be looked at: {error}.") from error
    if not left:
        return ()
    return (
        f"{data} holds pages or a table of {', '.join(left)}, and no YAML of that name is found "
        f"here. A catalogue that was renamed begins anew: to go on with what is done, give it "
        f"back its old name.",
    )


def _is_of_another(folder: Path, names: Collection[str]) -> bool:
    places = CataloguePlaces(folder)
    return folder.name not in names and (places.pages.is_dir() or places.table.exists())
