"""From a listing page's bytes to its products, by a catalogue's fields.

This is the way of every page of a crawl, so selectors are compiled once per thread, and a page is
parsed once. Which charset, selector or value means what is decided in the modules beside this one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial

from lxml import etree

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import (
    NoProductError,
    ParseError,
    ParseLimitError,
)
from catalog_pipeline.reading.charset import Charset, charset_of, in_utf8, of_charset, stray_byte_in
from catalog_pipeline.reading.composed import check_templates, composed_texts
from catalog_pipeline.reading.findings import Findings, Texts, reading_of
from catalog_pipeline.reading.html.currency_hints import currency_hint
from catalog_pipeline.reading.html.diagnosis import Diagnosis, best, diagnose
from catalog_pipeline.reading.html.document import drop_templates, parse_document
from catalog_pipeline.reading.html.field_reading import (
    field_columns,
    field_reader,
    field_texts,
    total_reader,
)
from catalog_pipeline.reading.html.matching import (
    FieldMatcher,
    Products,
    check_nesting,
    elements_of,
)
from catalog_pipeline.reading.html.page_kind import page_kind
from catalog_pipeline.reading.html.page_links import link_resolver
from catalog_pipeline.reading.html.selectors import (
    Evaluator,
    page_selector,
)
from catalog_pipeline.reading.html.simple_css import PlainMatcher
from catalog_pipeline.reading.html.text import page_title
from catalog_pipeline.reading.text_budget import TextBudget
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.values.open_price import OpenPriceError
from catalog_pipeline.reading.watch import Place, at_most, field_begins, field_now, place_begins
from catalog_pipeline.records import Columns, Reading

_DIAGNOSED_BYTES = 2_000_000
"""Of larger pages the error of a crawl says less; `try` says it of all."""


@dataclass(frozen=True)
class ThreadsOwn:
    """What only one thread may use at a time."""

    products: tuple[Evaluator, ...]
    plain: PlainMatcher
    matchers: tuple[FieldMatcher, ...]
    total: FieldMatcher | None


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
            field_reader(catalogue, name, field) for name, field in catalogue.fields.items()
        )
        self.total = total_reader(catalogue)
        check_templates(catalogue)
        self._local = threading.local()

    def read(
        self, body: bytes, *, url: str, page: PageKey, content_type: str | None = None
    ) -> Reading:
        """The products of a page, and what was noted while they were read.

        Raises:
            ParseError: the page is not what the catalogue's YAML says, in any respect.
            ParseLimitError: looking for a pattern takes longer than a page may take.
        """
        with at_most(self.catalogue.limits.parse_seconds):
            return self._read(body, url, page, content_type)

    def _read(self, body: bytes, url: str, page: PageKey, content_type: str | None) -> Reading:
        charset = self.charset(body, content_type)
        try:
            root = parse_document(in_utf8(body, charset, marks_stray_bytes=True))
            drop_templates(root)
            place_begins(Place.PRODUCTS)
            products = self.products(root)
            if products is None:
                raise _no_product(self, root, body, charset)
            return self._reading(root, products, link_resolver(root, url, charset))
        except OpenPriceError as error:
            hint = currency_hint(root, error.possible) if error.key == "currency" else None
            raise _placed(error, page, url, hint) from error.__cause__
        except ParseError as error:
            error.problem = of_charset(error.problem, charset)
            raise _placed(error, page, url) from error.__cause__
        except ParseLimitError as error:
            error.page, error.url = page, url
            raise
        except etree.XPathError as error:
            problem = f"a selector fails on the page: {error}"
            raise ParseError(problem, page=page, url=url, field=field_now() or None) from error

    def _reading(self, root: etree._Element, products: Products, links: LinkResolver) -> Reading:
        budget = TextBudget(self.catalogue.limits)
        findings = Findings()
        columns: Columns = {}
        page = Products([root], {})
        own = self.compiled()
        readers = zip(self.readers, own.matchers, strict=True)
        for number, (reader, matcher) in enumerate(readers, start=1):
            if reader.field.template is not None:
                continue
            field_begins(number, reader.name)
            of_page = reader.field.of == "page"
            places = page if of_page else products
            texts = field_texts(reader, matcher, places, budget)
            found = field_columns(reader, texts, places, links, findings)
            if of_page:
                found = {name: cells * len(products.elements) for name, cells in found.items()}
            columns.update(found)
        composed = [
            (number, reader)
            for number, reader in enumerate(self.readers, start=1)
            if reader.field.template is not None
        ]
        for number, reader in composed:
            field_begins(number, reader.name)
            fields, rows = self.catalogue.fields, len(products.elements)
            texts = Texts(composed_texts(reader.values, fields, columns, rows))
            columns.update(field_columns(reader, texts, products, links, findings))
        if composed:
            columns = {name: columns[name] for name in self.catalogue.columns}
        if self.total is not None and own.total is not None:
            place_begins(Place.TOTAL)
            texts = field_texts(self.total, own.total, page, budget)
            (told,) = field_columns(self.total, texts, page, links, findings)["total"]
            findings.total = told if isinstance(told, int) else None
        return reading_of(columns, findings)

    def compiled(self) -> ThreadsOwn:
        """The calling thread's compiled selectors."""
        own: ThreadsOwn | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = ThreadsOwn(
                tuple(selector.compiled() for selector in self.product_selectors),
                PlainMatcher(
                    selector.text
                    for reader in self.readers
                    for selector in reader.selectors
                    if selector.is_css and reader.field.of == "product"
                ),
                tuple(FieldMatcher(reader.selectors, reader.field) for reader in self.readers),
                FieldMatcher(self.total.selectors, self.total.field) if self.total else None,
            )
        return own

    def products(self, root: etree._Element) -> Products | None:
        """The products by the first selector that finds any."""
        own = self.compiled()
        for evaluate in own.products:
            elements = elements_of(evaluate(root), self.catalogue.name, "product")
            if elements:
                check_nesting(elements)
                return Products(elements, own.plain.matches(elements))
        return None

    def product_diagnoses(self, root: etree._Element) -> tuple[Diagnosis, ...]:
        """Why each of the selectors of products finds nothing on the page."""
        make = partial(page_selector, self.catalogue.name, "product")
        return tuple(diagnose(selector, [root], make) for selector in self.product_selectors)

    def charset(self, body: bytes, content_type: str | None) -> Charset:
        """The charset in which a page is read."""
        return charset_of(body, content_type, self.catalogue.encoding)


def _no_product(
    parser: ListingParser, root: etree._Element, body: bytes, charset: Charset
) -> NoProductError:
    title, size = page_title(root), len(body)
    shown = f"title {title!r}" if title else "without title"
    is_small = size <= _DIAGNOSED_BYTES
    looks_like = page_kind(root) if is_small else "it is too large for a page without products"
    refresh = any(
        (meta.get("http-equiv") or "").strip().lower() == "refresh" for meta in root.iter("meta")
    )
    if refresh:
        looks_like = "it has a meta refresh, so it may only lead on to another page"
    reason = looks_like
    if not reason:
        reason = best(parser.product_diagnoses(root)).brief
    hint = f"; {reason}" if reason else ""
    stray = stray_byte_in(body, charset)
    hint += f"; {stray}" if stray else ""
    error = NoProductError(
        f"no product on the page ({size} bytes, {shown}{hint})",
        selector=" | ".join(selector.text for selector in parser.product_selectors),
    )
    error.looks_like = looks_like or stray
    return error


def _placed(error: ParseError, page: PageKey, url: str, hint: str | None = None) -> ParseError:
    if isinstance(error, NoProductError):
        error.page, error.url = page, url
        return error
    problem = f"{error.problem} ({hint})" if hint else error.problem
    return ParseError(
        problem,
        url=url,
        page=page,
        position=error.position,
        field=error.field,
        selector=error.selector,
        found=error.found,
    )
