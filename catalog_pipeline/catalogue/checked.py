"""The attributes of a YAML as a catalogue, or all of their mistakes at once.

What is allowed is in `model` and what it is made of, how a mistake is told in `mistakes`, and where
the attributes come from in `files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from catalog_pipeline.catalogue.agreement import PARTS
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.mistakes import mistakes_of
from catalog_pipeline.catalogue.model import Catalogue, CatalogueAttributes
from catalog_pipeline.catalogue.presets import expanded
from catalog_pipeline.catalogue.scalars import typed


def checked_catalogue(
    name: str, attributes: Mapping[str, Any]
) -> tuple[Catalogue | None, list[Mistake]]:
    """The catalogue, if nothing hinders it to be one, and what is wrong with it."""
    if "name" in attributes:
        return None, [Mistake("name", "the folder's name is the catalogue's; leave it out")]
    values, problems = typed(Catalogue, expanded(attributes))
    try:
        catalogue = Catalogue.model_validate({**values, "name": name})
    except ValidationError as error:
        found = mistakes_of(CatalogueAttributes, error, problems)
        return None, [*found, *_hidden_by_fields(name, values, found)]
    return catalogue, mistakes_of(CatalogueAttributes, None, problems)


def _hidden_by_fields(
    name: str, values: Mapping[str, Any], found: Sequence[Mistake]
) -> Iterator[Mistake]:
    """What is wrong besides in parts that need all fields: wrong ones are there, whatever they are.

    What would be said of a wrong one itself is not known.
    """
    places = [mistake.field.split(".") for mistake in found]
    wrong = {place[1] for place in places if place[0] == "fields" and len(place) > 1}
    fields = values.get("fields")
    if not wrong or not isinstance(fields, Mapping):
        return
    mended = {key: "*" if key in wrong else value for key, value in fields.items()}
    try:
        Catalogue.model_validate({**values, "fields": mended, "name": name})
    except ValidationError as error:
        known = {mistake.field for mistake in found}
        for mistake in mistakes_of(CatalogueAttributes, error, {}):
            about = f"{mistake.field} {mistake.problem.partition(';')[0]}"
            is_of_part = mistake.field.split(".")[0] in PARTS and mistake.field not in known
            if is_of_part and wrong.isdisjoint(re.findall(r"\w+", about)):
                yield mistake
