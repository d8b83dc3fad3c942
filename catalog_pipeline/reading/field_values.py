"""From the texts of one field to its columns, for pages of every format.

Where texts are found belongs to the formats, what a text means to `values`. What belongs here is
what becomes of a text that cannot be read or of several that differ, and which product and text an
error is about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.findings import Findings, Texts
from catalog_pipeline.reading.values.borders import shown
from catalog_pipeline.reading.values.conversion import (
    Converter,
    Value,
    converter,
    default_of,
    fold,
)
from catalog_pipeline.reading.values.links import LinkResolver, clean_link
from catalog_pipeline.reading.values.money import Money
from catalog_pipeline.reading.values.open_price import OpenPriceError
from catalog_pipeline.reading.values.page_evidence import with_evidence
from catalog_pipeline.records import Cell, Columns, Discarded

_SHORT_TEXT, _TEXTS_REMEMBERED = 100, 4096
SHOWN_TEXT = 200
"""Characters of a page's text that errors and `try` show at most."""


@dataclass(frozen=True)
class FieldValues:
    """How the texts of one field become values; `source` is where the YAML says they are.

    `remembering` reads a short text as `clean` and `converter` do, once for all pages that have it.
    """

    name: str
    field: Field
    is_required: bool
    source: str
    column_names: tuple[str, ...]
    converter: Callable[[LinkResolver], Converter]
    remembering: Converter | None
    default: Value = None

    @classmethod
    def of(
        cls, catalogue: str, name: str, field: Field, *, is_key: bool, source: str
    ) -> FieldValues:
        """Check and compile what the YAML says of the field's values.

        Raises:
            CatalogueError: the value map cannot be used.
        """
        convert = converter(catalogue, name, field)
        is_required, names = field.required or is_key, field.columns(name)
        remembering = _remembering(field, convert)
        default = default_of(catalogue, name, field)
        return cls(name, field, is_required, source, names, convert, remembering, default)

    @property
    def clean(self) -> Callable[[str], str]:
        """What makes a text as patterns and types see it."""
        return clean_link if self.field.type is FieldType.URL else fold

    def columns(self, texts: Texts, links: LinkResolver, findings: Findings) -> Columns:
        """The columns that the field's texts fill, one value per product.

        Raises:
            ParseError: a text cannot be read, or several say different prices.
        """
        if self.field.exists:
            return {self.name: [text is not None for text in texts.first]}
        if texts.every is not None:
            return self._columns_of(self._chosen(texts.every, links, findings))
        convert, clean = self.converter(links), self.clean
        remembering = self.remembering
        values: list[Value] = []
        try:
            for text in texts.first:
                if text is None:
                    values.append(None)
                elif remembering is not None and len(text) <= _SHORT_TEXT:
                    values.append(remembering(text))
                else:
                    values.append(convert(clean(text)))
        except ParseError:
            convert, values = self._read_carefully(texts.first, links, findings)
        if texts.others:
            self._compare(texts, values, convert, findings)
        if self.default is not None:
            values = [
                self.default if text is None else value
                for text, value in zip(texts.first, values, strict=True)
            ]
        return self._columns_of(values)

    def converter_for(self, texts: Sequence[str | None], links: LinkResolver) -> Converter:
        """What reads the texts of one page, which may tell together what each leaves open."""
        has_decimals = self.field.type in (FieldType.MONEY, FieldType.NUMBER)
        if not has_decimals or self.field.decimal_separator is not None:
            return self.converter(links)
        cleaned = map(self.clean, filter(None, texts))
        return with_evidence(self.name, self.field, self.converter(links), cleaned, links)

    def unreadable(self, error: ParseError, place: int, text: str) -> ParseError:
        """The error with the field, the product and the text that it is about."""
        located = ParseError(error.problem)
        if isinstance(error, OpenPriceError):
            located = OpenPriceError(error.problem, key=error.key, possible=error.possible)
        located.position = place + 1 if self.field.of == "product" else None
        located.field, located.selector = self.name, self.source
        located.found = shown(self.clean(text))[:SHOWN_TEXT]
        return located

    def _read_carefully(
        self, texts: Sequence[str | None], links: LinkResolver, findings: Findings
    ) -> tuple[Converter, list[Value]]:
        """The values where some text cannot be read by itself."""
        convert = self.converter_for(texts, links)
        values: list[Value] = []
        for place, text in enumerate(texts):
            try:
                values.append(None if text is None else convert(self.clean(text)))
            except ParseError as error:
                self._discard(error, place, text or "", findings)
                values.append(None)
        return convert, values

    def _chosen(
        self, every: list[list[str]], links: LinkResolver, findings: Findings
    ) -> list[Value]:
        """Of each product the least or the greatest value, or all of them."""
        convert = self.converter_for([text for texts in every for text in texts], links)
        choose = min if self.field.nth == "min" else max
        chosen: list[Value] = []
        for place, texts in enumerate(every):
            values: list[Value] = []
            for text in texts:
                try:
                    values.append(convert(self.clean(text)))
                except ParseError as error:
                    self._discard(error, place, text, findings)
            known = [value for value in values if value is not None]
            if self.field.many:
                chosen.append(known or None)  # type: ignore[arg-type]
                continue
            if len({value.currency for value in known if isinstance(value, Money)}) > 1:
                problem = f"the {self.field.nth} of prices in different currencies is asked for"
                raise self.unreadable(ParseError(problem), place, " … ".join(texts))
            none = None if texts else self.default
            chosen.append(choose(known, key=_comparable) if known else none)
        return chosen

    def _discard(self, error: ParseError, place: int, text: str, findings: Findings) -> None:
        """Note a text that cannot be read, if the YAML says that it may be left out.

        A price that a key of the YAML would settle is a mistake in the YAML, and left out never.
        """
        located = self.unreadable(error, place, text)
        if self.field.on_invalid == "fail_page" or isinstance(error, OpenPriceError):
            raise located from error
        drops_row = self.field.on_invalid == "discard_row"
        if drops_row:
            findings.dropped.add(place)
        found = located.found or ""
        position = located.position or 0
        findings.discarded.append(Discarded(self.name, position, drops_row, error.problem, found))

    def _compare(
        self, texts: Texts, values: list[Value], convert: Converter, findings: Findings
    ) -> None:
        """Count the products with several values; of prices none is chosen."""
        for place, others in texts.others.items():
            differing = next(
                (text for text in others if not self._says(text, values[place], convert)), None
            )
            if differing is None or place in findings.dropped:
                continue
            if self.field.type is FieldType.MONEY:
                first, other = self.clean(texts.first[place] or ""), self.clean(differing)
                problem = (
                    f"the product has several prices, {shown(first)!r} and {shown(other)!r}; say "
                    f"which with `nth` (first, last, min or max), or select only one of them"
                )
                raise self.unreadable(ParseError(problem), place, f"{first} … {other}")
            findings.several[self.name] = findings.several.get(self.name, 0) + 1

    def _columns_of(self, values: list[Value]) -> Columns:
        if self.field.type is not FieldType.MONEY:
            return {self.name: values}  # type: ignore[dict-item]
        rows: list[tuple[Cell, ...]] = [
            (value.amount, value.end, value.currency) if isinstance(value, Money) else (None,) * 3
            for value in values
        ]
        amounts, ends, codes = ([row[part] for row in rows] for part in range(3))
        parts = (amounts, ends, codes) if self.field.range else (amounts, codes)
        return dict(zip(self.column_names, parts, strict=True))

    def _says(self, text: str, value: Value, convert: Converter) -> bool:
        try:
            return _comparable(convert(self.clean(text))) == _comparable(value)
        except ParseError:
            return False


def _comparable(value: Value) -> Any:
    if not isinstance(value, Money):
        return value
    return Decimal(value.amount), Decimal(value.end or value.amount), value.currency


def _remembering(field: Field, convert: Callable[[LinkResolver], Converter]) -> Converter | None:
    """For types whose texts repeat, and mean the same on every page."""
    if field.type in (FieldType.TEXT, FieldType.URL):
        return None
    read = convert(LinkResolver(None))
    return lru_cache(maxsize=_TEXTS_REMEMBERED)(lambda text: read(fold(text)))
