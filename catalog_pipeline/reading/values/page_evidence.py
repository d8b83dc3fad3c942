"""How the numbers of one page are written, by those of its texts that leave no doubt of it.

Only texts that are numbers tell it: the points of a telephone number or of a version do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.conversion import Converter, Value, converter
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.values.open_price import OpenPriceError
from catalog_pipeline.reading.values.picking import picker
from catalog_pipeline.reading.values.separators import separator_of_texts


def with_evidence(
    name: str, field: Field, plain: Converter, texts: Iterable[str], links: LinkResolver
) -> Converter:
    """What reads a field's texts as `plain` does, and one that is open as the others show it."""
    pick = picker(field)
    separator = separator_of_texts([pick(text) for text in texts if _is_number(text, plain)])
    if separator is None:
        return plain
    told = field.model_copy(update={"decimal_separator": separator})
    return partial(_read, plain, converter("", name, told)(links))


def _is_number(text: str, convert: Converter) -> bool:
    """Whether a text is one, though it may be open which."""
    try:
        return convert(text) is not None
    except OpenPriceError:
        return True
    except ParseError:
        return False


def _read(plain: Converter, with_separator: Converter, text: str) -> Value:
    try:
        return plain(text)
    except OpenPriceError as error:
        if error.key != "decimal_separator":
            raise
        return with_separator(text)
