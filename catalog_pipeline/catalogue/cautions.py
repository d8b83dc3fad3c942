"""What a YAML may say and is better said otherwise: it is no mistake, and people are told of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.pattern_growth import growth_of


def cautions_of(catalogue: Catalogue) -> Iterator[Mistake]:
    """Patterns that can take a time that explodes, each with what to do."""
    for name, field in catalogue.fields.items():
        if field.pattern is not None and growth_of(re.compile(field.pattern)).explodes:
            yield Mistake(
                f"fields.{name}.pattern",
                f"{field.pattern!r} has a loop that can read the same text in many ways. Where it "
                f"does not match, the time that it takes can double with each character; a page "
                f"on which it takes longer than limits.parse_seconds "
                f"({catalogue.limits.parse_seconds:g} s) fails",
                "a pattern without a loop around another loop or around choices that overlap",
            )
