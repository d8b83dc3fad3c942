"""One field of all products of a page of HTML: its selectors, its texts, and why it has none.

Finding texts is done in `matching`, and what becomes of them in `catalog_pipeline.reading`'s
`field_values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lxml import etree

from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.field_values import SHOWN_TEXT, FieldValues
from catalog_pipeline.reading.findings import Findings, Texts
from catalog_pipeline.reading.html.diagnosis import Diagnosis, best, diagnose
from catalog_pipeline.reading.html.matching import FieldMatcher, Products
from catalog_pipeline.reading.html.selectors import Selector, field_selector, page_selector
from catalog_pipeline.reading.html.text import visible_text
from catalog_pipeline.reading.text_budget import TextBudget
from catalog_pipeline.reading.values.borders import shown
from catalog_pipeline.reading.values.conversion import fold
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.records import Columns


@dataclass(frozen=True)
class FieldReader:
    """All that is needed to read one field, the same for all threads."""

    selectors: tuple[Selector, ...]
    values: FieldValues

    @property
    def name(self) -> str:
        return self.values.name

    @property
    def field(self) -> Field:
        return self.values.field

    @property
    def is_required(self) -> bool:
        """Whether a product without it is an error."""
        return self.values.is_required


def field_reader(catalogue: Catalogue, name: str, field: Field) -> FieldReader:
    """Check and compile what the YAML says of a field.

    Raises:
        CatalogueError: a selector, pattern or value map cannot be used.
    """
    if field.json_:
        key, problem = f"fields.{name}.json", "the products are elements of HTML"
        raise CatalogueError(catalogue.name, key, problem, "select, or records: {from: json}")
    make = page_selector if field.of == "page" else field_selector
    selectors = tuple(make(catalogue.name, f"fields.{name}.select", text) for text in field.select)
    source = " | ".join(selector.text for selector in selectors)
    is_key = name in catalogue.key
    values = FieldValues.of(catalogue.name, name, field, is_key=is_key, source=source)
    return FieldReader(selectors, values)


def total_reader(catalogue: Catalogue) -> FieldReader | None:
    """The reader of the number of products that the site tells, if the YAML says where it is.

    Raises:
        CatalogueError: a selector cannot be used.
    """
    total = catalogue.total
    if total is None or not total.select:
        return None
    selectors = tuple(page_selector(catalogue.name, "total.select", text) for text in total.select)
    field = Field(
        select=total.select,
        attribute=total.attribute,
        pattern=total.pattern,
        type=FieldType.INTEGER,
        of="page",
    )
    source = " | ".join(selector.text for selector in selectors)
    values = FieldValues.of(catalogue.name, "total", field, is_key=False, source=source)
    return FieldReader(selectors, values)


def field_texts(
    reader: FieldReader, matcher: FieldMatcher, products: Products, budget: TextBudget
) -> Texts:
    """The field's texts of each product.

    Raises:
        ParseError: the texts exceed the budget.
    """
    try:
        return matcher.texts(products, budget)
    except ParseError as error:
        raise ParseError(error.problem, field=reader.name, selector=reader.values.source) from error


def field_columns(
    reader: FieldReader, texts: Texts, products: Products, links: LinkResolver, findings: Findings
) -> Columns:
    """The columns that a field's texts fill, one value per product (or one for the page).

    Raises:
        ParseError: a required text is missing, or one cannot be read.
    """
    if reader.is_required and not reader.field.exists and None in texts.first:
        raise _missing(reader, products, texts.first.index(None))
    return reader.values.columns(texts, links, findings)


def field_diagnoses(
    reader: FieldReader, products: Sequence[etree._Element]
) -> tuple[Diagnosis, ...]:
    """Why each of the field's selectors finds nothing in the products."""
    make = partial(page_selector if reader.field.of == "page" else field_selector, "", reader.name)
    return tuple(diagnose(selector, products, make) for selector in reader.selectors)


def _missing(reader: FieldReader, products: Products, place: int) -> ParseError:
    if reader.field.of == "page":
        return _missing_on_page(reader, products)
    attribute = reader.field.attribute
    wanted = f"attribute {attribute}" if attribute else "text"
    text = visible_text(products.elements[place])
    reason = best(field_diagnoses(reader, [products.elements[place]])).brief
    hint = f"; {reason}" if reason else ""
    return ParseError(
        f"a required field has no {wanted}{hint}; the product's whole text is given as found",
        position=place + 1,
        field=reader.name,
        selector=reader.values.source,
        found=shown(fold(text))[:SHOWN_TEXT],
    )


def _missing_on_page(reader: FieldReader, page: Products) -> ParseError:
    reason = best(field_diagnoses(reader, page.elements)).brief
    return ParseError(
        f"a required field of the page has no text{f'; {reason}' if reason else ''}",
        field=reader.name,
        selector=reader.values.source,
    )
