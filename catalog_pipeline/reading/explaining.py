"""What a page holds and lacks, field by field and selector by selector, for who writes a YAML.

Nothing is raised for what the page lacks: it is the answer. Used by `catalog-pipeline try` only.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from catalog_pipeline.catalogue.field_types import OPTIONS
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.charset import in_utf8, of_charset, stray_byte_in
from catalog_pipeline.reading.field_values import SHOWN_TEXT
from catalog_pipeline.reading.findings import Texts
from catalog_pipeline.reading.html.document import drop_templates, parse_document
from catalog_pipeline.reading.html.field_reading import FieldReader, field_diagnoses
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.reading.html.matching import FieldMatcher, Products, elements_of
from catalog_pipeline.reading.html.page_kind import page_kind
from catalog_pipeline.reading.html.page_links import link_resolver
from catalog_pipeline.reading.html.text import page_title
from catalog_pipeline.reading.text_budget import TextBudget
from catalog_pipeline.reading.values.borders import shown
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.values.money import Money
from catalog_pipeline.reading.values.separators import AMOUNT, open_separator
from catalog_pipeline.reading.watch import Place, at_most, field_begins, place_begins

MAX_FAILURES = 3


@dataclass(frozen=True)
class SelectorMatch:
    """How many products a selector matched; of the selector of products, how many it found."""

    selector: str
    matched: int


@dataclass(frozen=True)
class ValueFailure:
    """A text that was found and could not be read."""

    position: int
    problem: str
    found: str


@dataclass(frozen=True)
class FieldMatch:
    """How one field fared on the page.

    `missing` are positions of products without it (from 1), a mistake if it is required.
    `failures` are the first texts that could not be read, `failed` says how many there are.
    """

    field: str
    is_required: bool
    products: int
    selectors: tuple[SelectorMatch, ...]
    missing: tuple[int, ...]
    failed: int
    failures: tuple[ValueFailure, ...]
    reasons: tuple[str, ...] = ()
    """How far each of the selectors gets that match in no product, if some product lacks the
    field."""
    assumed: tuple[tuple[str, str], ...] = ()
    """Texts whose only separator may be read in two ways, with how each was read."""

    @property
    def is_good(self) -> bool:
        """Whether the field would not make the page fail."""
        return not self.failed and not (self.is_required and self.missing)


@dataclass(frozen=True)
class Explanation:
    """What was found on a page; `problem` says why it could not even be searched, if so."""

    title: str
    charset: str
    products: tuple[SelectorMatch, ...]
    fields: tuple[FieldMatch, ...]
    problem: str | None = None
    reasons: tuple[str, ...] = ()
    """Why there is no product: what kind of page it seems to be, and how far each selector gets."""

    @property
    def is_good(self) -> bool:
        """Whether the page would be read without an error."""
        return self.problem is None and bool(self.fields) and all(f.is_good for f in self.fields)


def explain(
    parser: ListingParser, body: bytes, *, url: str, content_type: str | None = None
) -> Explanation:
    """How the selectors and types of a catalogue fare on a page.

    Raises:
        CatalogueError: a selector cannot be used on this page at all.
        ParseLimitError: it takes longer than `limits.parse_seconds`.
    """
    with at_most(parser.catalogue.limits.parse_seconds):
        return _explained(parser, body, url, content_type)


def _explained(
    parser: ListingParser, body: bytes, url: str, content_type: str | None
) -> Explanation:
    charset = parser.charset(body, content_type)
    origin = f"{charset.label} ({charset.origin})"
    try:
        root = parse_document(in_utf8(body, charset, marks_stray_bytes=True))
        links = link_resolver(root, url, charset)
        drop_templates(root)
        place_begins(Place.PRODUCTS)
        counts = _product_counts(parser, root)
        products = parser.products(root)
        if products is None:
            stray = stray_byte_in(body, charset)
            hint = f"; {stray}" if stray else ""
            problem = f"no product on the page ({len(body)} bytes{hint})"
            reasons = [found.sentence for found in parser.product_diagnoses(root)]
            kind = page_kind(root)
            if kind:
                reasons.insert(0, kind)
            return Explanation(page_title(root), origin, counts, (), problem, tuple(reasons))
        readers = zip(parser.readers, parser.compiled().matchers, strict=True)
        budget = TextBudget(parser.catalogue.limits)
        page = Products([root], {})
        fields = tuple(
            _field_match(number, reader, matcher, _places_of(reader, page, products), links, budget)
            for number, (reader, matcher) in enumerate(readers, start=1)
            if reader.field.template is None
        )
    except ParseError as error:
        return Explanation("", origin, (), (), of_charset(str(error), charset))
    except etree.XPathError as error:
        raise CatalogueError(
            parser.catalogue.name, "select", f"a selector fails: {error}"
        ) from error
    return Explanation(page_title(root), origin, counts, fields)


def _places_of(reader: FieldReader, page: Products, products: Products) -> Products:
    return page if reader.field.of == "page" else products


def _product_counts(parser: ListingParser, root: etree._Element) -> tuple[SelectorMatch, ...]:
    evaluators = zip(parser.product_selectors, parser.compiled().products, strict=True)
    return tuple(
        SelectorMatch(
            selector.text, len(elements_of(evaluate(root), parser.catalogue.name, "product"))
        )
        for selector, evaluate in evaluators
    )


def _field_match(
    number: int,
    reader: FieldReader,
    matcher: FieldMatcher,
    products: Products,
    links: LinkResolver,
    budget: TextBudget,
) -> FieldMatch:
    field_begins(number, reader.name)
    everywhere = range(len(products.elements))
    matches = tuple(
        SelectorMatch(
            selector.text,
            sum(
                text is not None
                for text in matcher.texts_of_one(place, products, everywhere, budget.anew()).first
            ),
        )
        for place, selector in enumerate(reader.selectors)
    )
    texts = matcher.texts(products, budget)
    is_asked_for = not reader.field.exists
    failures = _failures(reader, texts, links) if is_asked_for else []
    missing = [place + 1 for place, text in enumerate(texts.first) if text is None]
    return FieldMatch(
        reader.name,
        reader.is_required and is_asked_for,
        len(texts.first),
        matches,
        tuple(missing),
        len(failures),
        tuple(failures[:MAX_FAILURES]),
        _reasons(reader, products, matches) if missing and is_asked_for else (),
        _assumed(reader, texts, links),
    )


def _assumed(reader: FieldReader, texts: Texts, links: LinkResolver) -> tuple[tuple[str, str], ...]:
    values = reader.values
    if "decimal_separator" not in OPTIONS[reader.field.type] or reader.field.decimal_separator:
        return ()
    convert, assumed = values.converter_for(texts.first, links), {}
    for text in texts.first:
        if text is None or not any(open_separator(each[0]) for each in AMOUNT.finditer(text)):
            continue
        try:
            value = convert(values.clean(text))
        except ParseError:
            continue
        read = value.amount if isinstance(value, Money) else str(value)
        assumed[shown(values.clean(text))[:SHOWN_TEXT]] = read
    return tuple(assumed.items())


def _reasons(
    reader: FieldReader, products: Products, matches: tuple[SelectorMatch, ...]
) -> tuple[str, ...]:
    diagnoses = field_diagnoses(reader, products.elements)
    return tuple(
        diagnosis.sentence
        for diagnosis, match in zip(diagnoses, matches, strict=True)
        if not match.matched
    )


def _failures(reader: FieldReader, texts: Texts, links: LinkResolver) -> list[ValueFailure]:
    values = reader.values
    convert, clean = values.converter_for(texts.first, links), values.clean
    failures = []
    for position, text in enumerate(texts.first, start=1):
        if text is None:
            continue
        try:
            convert(clean(text))
        except ParseError as error:
            found = shown(clean(text))[:SHOWN_TEXT]
            failures.append(ValueFailure(position, error.problem, found))
    return failures
