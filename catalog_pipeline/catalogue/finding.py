"""Where catalogues' YAML files are, and the names they go by.

No Dagster: the command line lists catalogues before Dagster is imported. What a file says is read
in `files`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from catalog_pipeline.errors import CatalogueError

BUNDLED_FOLDER = Path(__file__).parents[1] / "defs"
EXTRA_FOLDER_VARIABLE = "CATALOG_PIPELINE_DEFS"
"""Environment variable that names one more folder of catalogues."""
FILE_NAME = "defs.yaml"


def catalogue_folders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """The folders that hold catalogues, one folder per catalogue below each."""
    extra = environ.get(EXTRA_FOLDER_VARIABLE)
    return [BUNDLED_FOLDER, *([Path(extra)] if extra else [])]


def catalogue_files(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Catalogue names and their YAML files, sorted by name.

    Raises:
        CatalogueError: two folders hold a catalogue of the same name.
    """
    files: dict[str, Path] = {}
    for folder in catalogue_folders(environ):
        for path in sorted(folder.glob(f"*/{FILE_NAME}")):
            name = path.parent.name
            if name in files:
                raise CatalogueError(name, "name", f"both {files[name]} and {path} describe it")
            files[name] = path
    return dict(sorted(files.items()))
