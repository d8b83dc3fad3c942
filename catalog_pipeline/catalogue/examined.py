"""A catalogue's document read to its end, whatever is wrong with it.

What its attributes are is decided in `checked`, what stands beside them in `beside`; here it comes
together, with the line of each mistake. Reading the file belongs in `files`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from catalog_pipeline.catalogue.beside import mistakes_beside
from catalog_pipeline.catalogue.checked import checked_catalogue
from catalog_pipeline.catalogue.mending import Sound
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.mistakes import located
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.templates import Rendered, Renderer, render
from catalog_pipeline.catalogue.written import Document


@dataclass(frozen=True)
class Examined:
    """One YAML file: the catalogue that it describes, if it does, and what is wrong with it.

    `sound` is what can be judged of it whatever else is wrong.
    """

    path: Path
    document: Document
    rendered: Rendered
    catalogue: Catalogue | None
    sound: Sound
    mistakes: tuple[Mistake, ...]

    def further(self, mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
        """Those mistakes of the sound catalogue that are the file's, each with its line."""
        for mistake in self.sound.of_file(mistakes):
            shown = self.rendered.without_values(mistake)
            if shown is not None:
                yield located(shown, self.path, self.document)


def examine(
    document: Document,
    path: Path,
    environ: Mapping[str, str],
    elsewhere: Renderer | None = None,
) -> Examined:
    """Look at all of a file's document, which has attributes.

    `elsewhere` fills in what templates name besides the environment, where somebody can.
    """
    beside = [
        replace(each, path=path, line=document.line_of(tuple(each.field.split("."))))
        for each in mistakes_beside(document.value, environ)
    ]
    rendered = render(document.value["attributes"], environ, elsewhere)
    unread = [tuple(each.field.split(".")) for each in rendered.mistakes]
    checked = checked_catalogue(path.parent.name, rendered.attributes, unread)
    within = [*rendered.mistakes, *filter(None, map(rendered.without_values, checked.mistakes))]
    placed = [located(each, path, document) for each in within]
    mistakes = (*document.mistakes, *beside, *placed)
    return Examined(path, document, rendered, checked.catalogue, checked.sound, mistakes)
