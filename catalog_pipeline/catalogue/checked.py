"""The attributes of a YAML as a catalogue, and all of their mistakes at once.

What is allowed is in `model` and what it is made of, how a mistake is told in `mistakes`, what is
left of attributes with mistakes in `mending`, and where the attributes come from in `files`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from catalog_pipeline.catalogue.mending import Sound, may_cause
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.mistakes import mistakes_by_place
from catalog_pipeline.catalogue.model import Catalogue, CatalogueAttributes
from catalog_pipeline.catalogue.presets import expanded
from catalog_pipeline.catalogue.scalars import Place, typed

_ROUNDS = 20
"""After so many it is given up to look for mistakes behind others."""
_NAME = "catalogue"
"""What a catalogue is called whose name is none, while the rest is looked at."""


@dataclass(frozen=True)
class Checked:
    """What became of attributes; `catalogue` is there if nothing hinders it to be one."""

    catalogue: Catalogue | None
    mistakes: tuple[Mistake, ...]
    sound: Sound


def checked_catalogue(
    name: str, attributes: Mapping[str, Any], unread: Collection[Place] = ()
) -> Checked:
    """Look at all attributes, also behind what is wrong; what stands at `unread` is not known."""
    sound = Sound.of(expanded(attributes))
    found: dict[Place, Mistake] = {}
    if "name" in attributes:
        found["name",] = Mistake("name", "the folder's name is the catalogue's; leave it out")
        del sound.values["name"]
    whole, placed = _validated(name, sound)
    for place, mistake in placed.items():
        if place in unread or not any(may_cause(each, place, mistake.problem) for each in unread):
            found[place] = mistake
    catalogue = None if "name" in attributes else whole
    left_out: Collection[Place] = {*placed, *unread}
    for _ in range(_ROUNDS):
        if not left_out:
            break
        name = _NAME if ("name",) in left_out else name
        meant = {place: mistake.meant for place, mistake in placed.items() if mistake.meant}
        sound.leave_out(left_out, meant)
        whole, placed = _validated(name, sound)
        for place, mistake in placed.items():
            written = sound.written(place)
            if written not in found and not sound.may_cause(written, mistake.problem):
                found[written] = replace(mistake, field=".".join(written) or mistake.field)
        left_out = placed
    sound.catalogue = None if placed else whole
    return Checked(catalogue, tuple(found.values()), sound)


def _validated(name: str, sound: Sound) -> tuple[Catalogue | None, dict[Place, Mistake]]:
    """The catalogue that the attributes are, if they are one, and their mistakes."""
    values, problems = typed(Catalogue, sound.values)
    try:
        catalogue = Catalogue.model_validate({**values, "name": name})
    except ValidationError as error:
        return None, mistakes_by_place(CatalogueAttributes, error, problems)
    return catalogue, mistakes_by_place(CatalogueAttributes, None, problems)
