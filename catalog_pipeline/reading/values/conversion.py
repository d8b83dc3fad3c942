"""From the text of a field to the value that is stored, by the field's declaration.

Pattern first, then the value map, then the type. Finding the text is not done here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TypeAlias

from catalog_pipeline.catalogue.field_rules import HAS_ORDER
from catalog_pipeline.catalogue.field_types import NUMBERS, FieldType, total
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.value_range import text_refusal
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.stray_bytes import check_no_stray_byte
from catalog_pipeline.reading.values.borders import BORDER, unmarked, with_cents
from catalog_pipeline.reading.values.currencies import is_currency
from catalog_pipeline.reading.values.exact_point import POINT, as_written
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.values.money import Money, read_money
from catalog_pipeline.reading.values.numbers import read_integer, read_number
from catalog_pipeline.reading.values.open_price import OpenPriceError
from catalog_pipeline.reading.values.picking import picker
from catalog_pipeline.reading.values.scaling import scaled
from catalog_pipeline.reading.values.separators import decimals_of_currency
from catalog_pipeline.reading.values.timestamps import read_timestamp
from catalog_pipeline.records import Cell

Value: TypeAlias = "Cell | Money"
Converter: TypeAlias = Callable[[str], Value]

_TRUE = frozenset({"true", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "no", "n", "0", "off"})


def fold(text: str) -> str:
    """The text with each run of white space as one space, and none at its ends."""
    return " ".join(text.split())


def converter(catalogue: str, name: str, field: Field) -> Callable[[LinkResolver], Converter]:
    """What turns the field's folded texts into values, given the page's links.

    Raises:
        CatalogueError: a value of the field's map is not of the field's type.
    """
    if field.exists and (field.pattern or field.values):
        raise CatalogueError(
            catalogue,
            f"fields.{name}.exists",
            "it asks only whether there is a match, so pattern and values have no use",
            "exists with select and attribute",
        )
    if field.currency is not None and not is_currency(field.currency):
        raise CatalogueError(
            catalogue,
            f"fields.{name}.currency",
            f"there is no currency {field.currency}",
            "an ISO 4217 code such as USD or GBP",
        )
    known = _known_values(catalogue, name, field)
    pick = picker(field)

    def completed(convert: Converter) -> Converter:
        if field.scale is not None:
            convert = partial(scaled, Decimal(str(field.scale)).normalize(), convert)
        if known is not None:
            convert = partial(_mapped, known, convert if _reads_others(field) else None)
        return convert

    exactly = completed(_exact_converter(field)) if field.type in NUMBERS else _text

    def for_page(links: LinkResolver) -> Converter:
        convert = completed(_by_type(field, links))
        if field.type in NUMBERS:
            convert = partial(_of_number, convert, exactly)
        if field.type is FieldType.MONEY:
            return partial(_price, field, pick, convert)
        return partial(_valid, pick if field.pattern is not None else None, convert)

    return for_page


def _valid(pick: Callable[[str], str] | None, convert: Converter, text: str) -> Value:
    """The value of a text or a part of it, if the page's charset can read all of its bytes."""
    if pick is not None:
        text = pick(text)
    check_no_stray_byte(text)
    return convert(text)


def _of_number(convert: Converter, exactly: Converter, text: str) -> Value:
    return exactly(as_written(text)) if POINT in text else convert(text)


def _price(field: Field, pick: Callable[[str], str], convert: Converter, text: str) -> Value:
    """The price of a text, whose cents may stand in an element of their own."""
    if BORDER not in text:
        return _valid(pick, convert, text)
    joined, digits = with_cents(text, field.decimal_separator)
    value = _valid(pick, convert, joined)
    if digits is not None and isinstance(value, Money):
        known = decimals_of_currency(value.currency)
        if known != digits:
            raise ParseError(
                f"behind the amount stand {digits} smaller digits, but {value.currency} has {known}"
            )
    return value


def _money(field: Field) -> Converter:
    return lambda text: read_money(text, field.currency, field.decimal_separator, field.range)


def _number(field: Field) -> Converter:
    return lambda text: read_number(text, field.decimal_separator)


def _exact_converter(field: Field) -> Converter:
    """What reads numbers whose point parts decimals, whatever it does on the field's pages."""
    if field.type is FieldType.INTEGER:
        return _whole
    return _CONVERTERS[field.type](field.model_copy(update={"decimal_separator": "."}))


def _whole(text: str) -> int:
    if "." in text:
        raise ParseError("a number with decimals is no integer; say `type: number`")
    return read_integer(text)


def _timestamp(field: Field) -> Converter:
    assumed = field.assume.parts if field.assume else ()
    return lambda text: read_timestamp(text, field.format, field.timezone, assumed)


def _text(text: str) -> str:
    return text


def read_boolean(text: str) -> bool:
    """`true`/`false`, `yes`/`no`, `on`/`off`, `1`/`0`; other words need a value map."""
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ParseError("neither true nor false; map it with `values`, or ask with `exists`")


_CONVERTERS: Mapping[FieldType, Callable[[Field], Converter]] = total(
    FieldType,
    {
        FieldType.TEXT: lambda field: _text,
        FieldType.INTEGER: lambda field: read_integer,
        FieldType.NUMBER: _number,
        FieldType.MONEY: _money,
        FieldType.BOOLEAN: lambda field: read_boolean,
        # Links are read against their page; those of a value map have none.
        FieldType.URL: lambda field: LinkResolver(None).absolute,
        FieldType.TIMESTAMP: _timestamp,
    },
)


def _by_type(field: Field, links: LinkResolver) -> Converter:
    return links.absolute if field.type is FieldType.URL else _CONVERTERS[field.type](field)


def _reads_others(field: Field) -> bool:
    """Whether a text that the field's map does not name is read by the field's type."""
    return HAS_ORDER[field.type] or not any(
        value is not None for value in (field.values or {}).values()
    )


def _mapped(known: dict[str, Value], read_other: Converter | None, text: str) -> Value:
    try:
        return known[unmarked(text)]
    except KeyError:
        problem = f"not one of the texts in `values`: {', '.join(sorted(known)[:20])}"
    if read_other is None:
        raise ParseError(problem)
    try:
        return read_other(text)
    except OpenPriceError:
        raise
    except ParseError as error:
        raise ParseError(f"{error.problem} ({problem})") from error


def _known_values(catalogue: str, name: str, field: Field) -> dict[str, Value] | None:
    """The value map with its values as the field's type would have them."""
    if field.values is None:
        return None
    known: dict[str, Value] = {}
    for text, value in field.values.items():
        key = f"fields.{name}.values.{text}"
        try:
            known[fold(text)] = None if value is None else value_of_type(field, value)
        except ParseError as error:
            raise CatalogueError(
                catalogue, key, f"{value!r}: {error.problem}", f"a value of type {field.type}"
            ) from error
    return known


def value_of_type(field: Field, value: str | int | float | bool) -> Value:
    """A value that the YAML gives, as the field's type has it.

    Raises:
        ParseError: it is none of the type.
    """
    if field.type is FieldType.BOOLEAN and isinstance(value, bool):
        return value
    if isinstance(value, bool) and field.type in (FieldType.INTEGER, FieldType.NUMBER):
        raise ParseError(f"true and false are no {field.type}")
    text = str(value)
    problem = text_refusal(text)
    if problem:
        raise ParseError(problem)
    # In a YAML a point parts decimals, whatever a page may mean by it.
    if field.type in NUMBERS and not isinstance(value, str):
        return _exact_converter(field)(text)
    if field.type is FieldType.NUMBER and field.decimal_separator is None and "," not in text:
        return read_number(text, ".")
    return _CONVERTERS[field.type](field)(text)


def default_of(catalogue: str, name: str, field: Field) -> Value:
    """What a product has in which nothing is found.

    Raises:
        CatalogueError: it is no value of the field's type.
    """
    if field.default is None:
        return None
    try:
        return value_of_type(field, field.default)
    except ParseError as error:
        key, problem = f"fields.{name}.default", f"{field.default!r}: {error.problem}"
        raise CatalogueError(catalogue, key, problem, f"a value of type {field.type}") from error
