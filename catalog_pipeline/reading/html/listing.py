"""From a listing page's bytes to its products, by a catalogue's fields.

This is the way of every page of a crawl, so selectors are compiled once per thread, and a page is
parsed once. Which charset, selector or value means what is decided in the modules beside this one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.charset import to_utf8
from catalog_pipeline.reading.html.document import parse_document
from catalog_pipeline.reading.html.matching import FieldMatcher, Products, elements_of
from catalog_pipeline.reading.html.selectors import (
    Evaluator,
    Selector,
    field_selector,
    page_selector,
)
from catalog_pipeline.reading.html.simple_css import PlainMatcher
from catalog_pipeline.reading.values.conversion import Converter, Value, converter, fold
from catalog_pipeline.reading.values.links import LinkResolver, clean_link
from catalog_pipeline.reading.values.money import Money
from catalog_pipeline.records import Cell, Columns

SHOWN_TEXT = 200


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

    def clean(self, text: str) -> str:
        """The text as patterns and types see it."""
        return clean_link(text) if self.field.type is FieldType.URL else fold(text)


@dataclass(frozen=True)
class ThreadsOwn:
    """What only one thread may use at a time."""

    products: tuple[Evaluator, ...]
    plain: PlainMatcher
    matchers: tuple[FieldMatcher, ...]


class ListingParser:
    """Reads the pages of one catalogue; may be shared by threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Check and compile all selectors, patterns and value maps.

        Raises:
            CatalogueError: one of them cannot be used.
        """
        self.catalogue = catalogue
        self.product_selectors = tuple(
            page_selector(catalogue.name, "product", text) for text in catalogue.product
        )
        self.readers = tuple(
            _reader(catalogue, name, field) for name, field in catalogue.fields.items()
        )
        self._local = threading.local()

    def parse(
        self, body: bytes, *, url: str, page: PageKey, content_type: str | None = None
    ) -> Columns:
        """The products of a page, one list per column of the catalogue.

        Raises:
            ParseError: the page is not what the catalogue's YAML says, in any respect.
        """
        try:
            root = parse_document(to_utf8(body, content_type))
            products = self.products(root)
            if products is None:
                raise _no_product(root, len(body), self.product_selectors)
            links = self.links(root, url)
            columns: Columns = {}
            for reader, matcher in zip(self.readers, self.compiled().matchers, strict=True):
                columns.update(_read_field(reader, matcher, products, links))
        except ParseError as error:
            raise _placed(error, page, url) from error.__cause__
        except etree.XPathError as error:
            raise CatalogueError(
                self.catalogue.name, "select", f"a selector fails on a page: {error}"
            ) from error
        return columns

    def compiled(self) -> ThreadsOwn:
        """The calling thread's compiled selectors."""
        own: ThreadsOwn | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = ThreadsOwn(
                tuple(selector.compiled() for selector in self.product_selectors),
                PlainMatcher(s.text for r in self.readers for s in r.selectors if s.is_css),
                tuple(
                    FieldMatcher(r.selectors, r.field.attribute, may_be_blank=r.field.exists)
                    for r in self.readers
                ),
            )
        return own

    def products(self, root: etree._Element) -> Products | None:
        """The products by the first selector that finds any."""
        own = self.compiled()
        for evaluate in own.products:
            elements = elements_of(evaluate(root), self.catalogue.name, "product")
            if elements:
                return Products(elements, own.plain.first_matches(elements))
        return None

    def links(self, root: etree._Element, url: str) -> LinkResolver:
        """What makes the page's links absolute."""
        hrefs = (base.get("href") for base in root.iter("base"))
        return LinkResolver(url, next((href for href in hrefs if href), None))


def _reader(catalogue: Catalogue, name: str, field: Field) -> FieldReader:
    selectors = tuple(
        field_selector(catalogue.name, f"fields.{name}.select", text) for text in field.select
    )
    is_required = field.required or name in catalogue.key
    return FieldReader(name, field, is_required, selectors, converter(catalogue.name, name, field))


def _read_field(
    reader: FieldReader, matcher: FieldMatcher, products: Products, links: LinkResolver
) -> Columns:
    texts = matcher.texts(products)
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
    return columns_of(reader, values)


def columns_of(reader: FieldReader, values: list[Value]) -> Columns:
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
    text = etree.tostring(
        products.elements[place], method="text", encoding="unicode", with_tail=False
    )
    return ParseError(
        f"a required field has no {wanted}; the product's whole text is given as found",
        position=place + 1,
        field=reader.name,
        selector=reader.shown_selectors,
        found=fold(text)[:SHOWN_TEXT],
    )


def _no_product(root: etree._Element, size: int, selectors: tuple[Selector, ...]) -> ParseError:
    title = page_title(root)
    shown = f"title {title!r}" if title else "without title"
    refresh = any(
        (meta.get("http-equiv") or "").strip().lower() == "refresh" for meta in root.iter("meta")
    )
    hint = "; it has a meta refresh, so it may only lead on to another page" if refresh else ""
    return ParseError(
        f"no product on the page ({size} bytes, {shown}{hint})",
        selector=" | ".join(selector.text for selector in selectors),
    )


def page_title(root: etree._Element) -> str:
    """The page's title, folded and shortened, for people to recognise the page by."""
    title = next(root.iter("title"), None)
    return fold("".join(title.itertext()))[:SHOWN_TEXT] if title is not None else ""


def _placed(error: ParseError, page: PageKey, url: str) -> ParseError:
    return ParseError(
        error.problem,
        url=url,
        page=page,
        position=error.position,
        field=error.field,
        selector=error.selector,
        found=error.found,
    )
