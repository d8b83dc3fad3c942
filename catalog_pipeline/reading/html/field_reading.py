"""One field of all products of a page: from the matches of its selectors to its columns.

Finding texts is done in `matching`, what a text means in `catalog_pipeline.reading.values`; what
belongs here is which field, product and text an error is about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from lxml import etree

from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.diagnosis import Diagnosis, best, diagnose
from catalog_pipeline.reading.html.matching import FieldMatcher, Products, TextBudget
from catalog_pipeline.reading.html.selectors import Selector, field_selector
from catalog_pipeline.reading.html.text import SHOWN_TEXT, visible_text
from catalog_pipeline.reading.values.conversion import Converter, Value, converter, fold
from catalog_pipeline.reading.values.links import LinkResolver, clean_link
from catalog_pipeline.reading.values.money import Money
from catalog_pipeline.records import Cell, Columns


@dataclass(frozen=True)
class FieldReader:
    """All that is needed to read one field, the same for all threads."""

    name: str
    field: Field
    is_required: bool
    selectors: tuple[Selector, ...]
    converter: Callable[[LinkResolver], Converter]

    @property
    def shown_selectors(self) -> str:
        return " | ".join(selector.text for selector in self.selectors)

    @property
    def clean(self) -> Callable[[str], str]:
        """What makes a text as patterns and types see it."""
        return clean_link if self.field.type is FieldType.URL else fold


def field_reader(catalogue: Catalogue, name: str, field: Field) -> FieldReader:
    """Check and compile what the YAML says of a field.

    Raises:
        CatalogueError: a selector, pattern or value map cannot be used.
    """
    selectors = tuple(
        field_selector(catalogue.name, f"fields.{name}.select", text) for text in field.select
    )
    is_required = field.required or name in catalogue.key
    return FieldReader(name, field, is_required, selectors, converter(catalogue.name, name, field))


def field_texts(
    reader: FieldReader, matcher: FieldMatcher, products: Products, budget: TextBudget
) -> list[str | None]:
    """The field's text of each product, or None where there is none.

    Raises:
        ParseError: the texts exceed the budget.
    """
    try:
        return matcher.texts(products, budget)
    except ParseError as error:
        raise ParseError(
            error.problem, field=reader.name, selector=reader.shown_selectors
        ) from error


def field_columns(
    reader: FieldReader, texts: list[str | None], products: Products, links: LinkResolver
) -> Columns:
    """The columns that a field's texts fill, one value per product.

    Raises:
        ParseError: a required text is missing, or one cannot be read.
    """
    if reader.field.exists:
        return {reader.name: [text is not None for text in texts]}
    if reader.is_required and None in texts:
        raise _missing(reader, products, texts.index(None))
    convert, clean = reader.converter(links), reader.clean
    values: list[Value] = []
    try:
        for text in texts:
            values.append(None if text is None else convert(clean(text)))
    except ParseError as error:
        place = len(values)
        raise _unreadable(reader, error, place + 1, clean(texts[place] or "")) from error
    return _columns_of(reader, values)


def field_diagnoses(
    reader: FieldReader, products: Sequence[etree._Element]
) -> tuple[Diagnosis, ...]:
    """Why each of the field's selectors finds nothing in the products."""
    make = partial(field_selector, "", reader.name)
    return tuple(diagnose(selector, products, make) for selector in reader.selectors)


def _columns_of(reader: FieldReader, values: list[Value]) -> Columns:
    """The field's values as the columns of the table that it fills."""
    if reader.field.type is not FieldType.MONEY:
        return {reader.name: values}  # type: ignore[dict-item]
    rows: list[tuple[Cell, ...]] = [
        (value.amount, value.end, value.currency) if isinstance(value, Money) else (None,) * 3
        for value in values
    ]
    amounts, ends, codes = ([row[part] for row in rows] for part in range(3))
    names = reader.field.columns(reader.name)
    return dict(
        zip(names, (amounts, ends, codes) if reader.field.range else (amounts, codes), strict=True)
    )


def _unreadable(reader: FieldReader, error: ParseError, position: int, text: str) -> ParseError:
    return ParseError(
        error.problem,
        position=position,
        field=reader.name,
        selector=reader.shown_selectors,
        found=text[:SHOWN_TEXT],
    )


def _missing(reader: FieldReader, products: Products, place: int) -> ParseError:
    attribute = reader.field.attribute
    wanted = f"attribute {attribute}" if attribute else "text"
    text = visible_text(products.elements[place])
    reason = best(field_diagnoses(reader, [products.elements[place]])).brief
    hint = f"; {reason}" if reason else ""
    return ParseError(
        f"a required field has no {wanted}{hint}; the product's whole text is given as found",
        position=place + 1,
        field=reader.name,
        selector=reader.shown_selectors,
        found=fold(text)[:SHOWN_TEXT],
    )
