"""The fields of a product, as a catalogue's YAML describes them.

Only the description and its checks belong here; `catalog_pipeline.reading` reads pages with it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic import Field as Bounded
from pydantic.json_schema import JsonSchemaValue

from catalog_pipeline.catalogue.docstrings import attribute_docstrings
from catalog_pipeline.catalogue.field_rules import problems_of_options
from catalog_pipeline.catalogue.field_types import PARTS, CellType, FieldType
from catalog_pipeline.catalogue.scalars import mapped_value
from catalog_pipeline.catalogue.time_formats import checked_timezone

PROVENANCE_COLUMNS = ("page", "position", "source_url", "fetched_at")
"""Columns that every row of a table carries besides its fields."""


def as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


# The input type is what `dg check` holds a YAML against.
OneOrMore = BeforeValidator(as_tuple, json_schema_input_type=str | tuple[str, ...])
Selectors = Annotated[tuple[str, ...], OneOrMore]
"""One selector or several in order of preference. `/`, `./` or `(` at its start makes it XPath,
and so does the prefix `xpath:`; a lone `.` is the product itself; all else is CSS. In a field it
is relative to the product; `//` is refused there, as it would search the whole page."""


def _compiling(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{pattern} is no regular expression: {error}") from error
    return pattern


def _currency_code(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f"{code!r} is no ISO 4217 code such as USD or GBP")
    return code


CurrencyCode = Annotated[str, AfterValidator(_currency_code)]
Pattern = Annotated[str, AfterValidator(_compiling)]
"""A regular expression as Python has them."""


class InPlace:
    """Writes the schema of an enumeration where it is used, as editors show it best."""

    def __get_pydantic_json_schema__(
        self, core: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        resolved = handler.resolve_ref_schema(handler(core))
        return {key: resolved[key] for key in ("enum", "type")}


class StrictModel(BaseModel):
    """An immutable part of a catalogue's YAML in which an unknown key is a mistake."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_by_name=False
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A key's docstring is its description in the schema and in the reference of the YAML."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for attribute, text in attribute_docstrings(cls).items():
            name = attribute if attribute in properties else attribute.rstrip("_")
            if name in properties:
                properties[name].setdefault("description", text)
        return schema


class AssumedDate(StrictModel):
    """Parts of a date that a site leaves out, and what is taken for them."""

    year: Annotated[int, Bounded(ge=1, le=9999)] | None = None
    """The year of texts such as `6 May`."""
    month: Annotated[int, Bounded(ge=1, le=12)] | None = None
    """The month, from 1 to 12."""
    day: Annotated[int, Bounded(ge=1, le=31)] | None = None
    """The day of texts such as `May 2024`."""

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """The parts that are given, with their names."""
        return tuple((name, part) for name, part in self if part is not None)


class Field(StrictModel):
    """How one column of the table is read from a product.

    The first match of the first selector that matches gives the text (or the attribute); what is
    blank counts as no match; white space is folded; `pattern` picks a part of it (`group`, else the
    first group, else all); `values` maps it; `type` turns it into a value. A text that is there and
    cannot be read is an error, required or not.
    """

    select: Selectors = ()
    """Where the value is, relative to the product: one selector, or several in order of
    preference. CSS, or XPath if it starts with `/`, `./`, `(` or `xpath:`; `.` is the product
    itself."""
    json_: Annotated[tuple[str, ...], OneOrMore] = Bounded(default=(), alias="json")
    """Where it is in a record of JSON: a JMESPath such as `variants[0].price`, or several."""
    html: bool = False
    """JSON: the text is HTML, as shops of WordPress have it: its tags are left out, and `&amp;` is
    read as `&`."""
    attribute: str | None = None
    """Take this attribute of what was selected instead of its text."""
    of: Literal["product", "page"] = "product"
    """Where it is looked for: in each product, or once on the whole page, for all its products."""
    pattern: Pattern | None = None
    """A regular expression that picks a part of the text. No match is an error, and so is a part of
    a number, without its thousands or its minus, unless the pattern matches what it leaves out."""
    group: int | str | None = None
    """Number or name of the group of `pattern` that is the value; the first one if not given."""
    values: dict[str, str | int | float | bool | None] | None = None
    """Texts of the page and what they mean; null is an empty cell, which a key or a required field
    cannot have. Any other text is an error, but is read as usual where the type is money, a number
    or a time, or where all of them are null."""
    type: Annotated[FieldType, InPlace()] = FieldType.TEXT
    """What the text is turned into, and so the type of the column."""
    template: str | None = None
    """The text is made of other fields instead, whose names stand in braces: `"{brand} {model}"`;
    if one of them is empty, there is none."""
    default: str | int | float | bool | None = None
    """The value of a product in which nothing is found."""
    many: bool = False
    """All matches as a list, as of images or sizes, instead of the first one."""
    join: str | None = None
    """Put the texts of all matches of all selectors together, with this in between."""
    nth: Literal["first", "last", "min", "max"] | None = None
    """Which of several matches with different values counts: by its place in the product, or by its
    value. Without it prices that differ are an error, and of other values the first counts."""
    on_invalid: Literal["fail_page", "discard_row", "discard_value"] = "fail_page"
    """What a text means that is there and cannot be read: the page fails, the product is left out,
    or only the value, whose cell is empty then. What is left out is counted and kept."""
    required: bool = False
    """Whether a product without this value is an error; otherwise the cell is empty."""

    currency: CurrencyCode | None = None
    """Money: ISO 4217 code of prices whose text has no currency, or a sign that several share, such
    as `$`, `¥`, `kr` and `Rs`."""
    scale: Annotated[float, Bounded(gt=0)] | None = None
    """Money and numbers: what the value is multiplied by; 0.01 for prices in cents."""
    range: bool = False
    """Money: the text may be a range; its end goes to a column of its own (`<field>_max`)."""
    decimal_separator: Literal[".", ","] | None = None
    """Money and number: what parts the decimals, where the text alone leaves it open. A price such
    as `1.299` is read as the countries of its currency write numbers, else as the other prices of
    the page show it, and is an error if neither tells."""
    exists: bool = False
    """Boolean: true if the selector matches anything at all, false if not."""
    format: str | None = None
    """Timestamp: a `strptime` format, `epoch` (seconds since 1970) or `epoch_ms` (milliseconds);
    without it ISO 8601 and common forms are understood."""
    assume: AssumedDate | None = None
    """Timestamp: parts of the date that the text or the format leaves out, and what to take."""
    timezone: str = "UTC"
    """Timestamp: the zone of texts that name none."""

    @model_validator(mode="after")
    def _values_are_of_the_type(self) -> Field:
        values = self.values or {}
        for text, value in values.items():
            try:
                values[text] = mapped_value(value, self.type)
            except ValueError as error:
                place: Any = {
                    "type": "value_error",
                    "loc": ("values", text),
                    "input": value,
                    "ctx": {"error": error},
                }
                raise ValidationError.from_exception_data("Field", [place]) from error
        if len({" ".join(text.split()) for text in values}) < len(values):
            raise ValueError("two texts in values are the same once their white space is folded")
        return self

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, value: str) -> str:
        return checked_timezone(value)

    @model_validator(mode="after")
    def _options_agree(self) -> Field:
        for problem in problems_of_options(self):
            raise ValueError(problem)
        return self

    def typed_columns(self, name: str) -> dict[str, CellType]:
        """The table's columns that the field fills, its own first, with the type of their cells."""
        return {
            name + part.suffix: part.type
            for part in PARTS[self.type]
            if self.range or not part.is_range_end
        }

    def columns(self, name: str) -> tuple[str, ...]:
        """Names of the table's columns that the field fills, its own first."""
        return tuple(self.typed_columns(name))


def _from_short_form(value: object) -> object:
    return {"select": value} if isinstance(value, str | list | tuple) else value


class _ShortForm:
    """Lets a schema take the selectors alone."""

    def __get_pydantic_json_schema__(
        self, core: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        texts = {"type": "array", "items": {"type": "string"}}
        return {"anyOf": [handler(core), {"type": "string"}, texts]}


FieldOrSelectors = Annotated[Field, BeforeValidator(_from_short_form), _ShortForm()]
"""A field, or only its selector, or several in order of preference: `title: h2 a`."""
