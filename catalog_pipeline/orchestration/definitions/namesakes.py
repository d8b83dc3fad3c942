"""The catalogues of one code location that go by the same name, as folders of several parents may.

Dagster lets them be if their keys differ by a prefix; a catalogue's files on the disk, its lock and
its session are named by its name alone, so one would write over the other's.
"""

from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster.components.core.decl import YamlDecl

from catalog_pipeline.catalogue.key_prefix import key_prefix_of
from catalog_pipeline.catalogue.schema import OLDER_TYPE_NAMES, TYPE_NAME
from catalog_pipeline.errors import CatalogueError


@dataclass(frozen=True)
class Namesakes:
    """The files of all catalogues of one name, in Dagster's order, and which of them is meant."""

    files: tuple[Path, ...]
    place: int

    def check(self) -> None:
        """Refuse a name that several files have; two catalogues in one file are a mistake of it.

        Raises:
            CatalogueError: there are several.
        """
        first, *others = {file.resolve(): file for file in reversed(self.files)}.values()
        if others:
            one, other = sorted([first, others[0]])
            problem = f"both {one} and {other} describe it"
            raise CatalogueError(one.parent.name, "name", problem)

    @property
    def has_keys_of_another(self) -> bool:
        """Whether one before it has the same keys, of which Dagster takes each once."""
        prefixes = [key_prefix_of(file) for file in self.files[: self.place + 1]]
        return prefixes[-1] in prefixes[:-1]


def namesakes(file: Path, context: dg.ComponentLoadContext) -> Namesakes:
    """Those of the catalogue that is being loaded from a file, itself among them."""
    declared = [
        (each.loc, path)
        for each in context.component_tree.find_root_decl().iterate_all_component_decls()
        if (path := _file_of(each)) and path.parent.name == file.parent.name
    ]
    places = [place for place, _ in declared]
    if context.component_decl.loc not in places:
        return Namesakes((file,), 0)
    files = tuple(path for _, path in declared)
    return Namesakes(files, places.index(context.component_decl.loc))


def _file_of(declared: object) -> Path | None:
    """The file that declares a catalogue; none if it is another component."""
    if not isinstance(declared, YamlDecl) or not declared.component_file_model:
        return None
    is_catalogue = declared.component_file_model.type in (TYPE_NAME, *OLDER_TYPE_NAMES)
    if not is_catalogue or declared.source_tree is None:
        return None
    return Path(declared.source_tree.source_position_tree.position.filename)
