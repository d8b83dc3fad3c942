"""One field of all records of JSON: its paths, the texts that they find, and why they find none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_pipeline.catalogue.field_types import NUMBERS, FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.field_values import SHOWN_TEXT, FieldValues
from catalog_pipeline.reading.findings import Findings, Texts
from catalog_pipeline.reading.html.fragment import fragment_text
from catalog_pipeline.reading.json.document import WrittenNumber
from catalog_pipeline.reading.json.functions import NumberText
from catalog_pipeline.reading.json.paths import Path, path_of, what_is, why_nothing
from catalog_pipeline.reading.text_budget import TextBudget
from catalog_pipeline.reading.values.borders import BORDER
from catalog_pipeline.reading.values.exact_point import POINT
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.records import Columns


@dataclass(frozen=True)
class JsonField:
    """All that is needed to read one field, the same for all threads."""

    paths: tuple[Path, ...]
    values: FieldValues

    @property
    def name(self) -> str:
        return self.values.name

    @property
    def template(self) -> str | None:
        """What the field is made of, if it is made of others."""
        return self.values.field.template

    @property
    def of_page(self) -> bool:
        """Whether it is looked for in the whole document."""
        return self.values.field.of == "page"

    def columns(
        self,
        records: Sequence[Any],
        links: LinkResolver,
        budget: TextBudget,
        findings: Findings,
        *,
        of_all: bool = False,
    ) -> Columns:
        """The columns that the field fills, one value per record, or one `of_all` of them.

        Raises:
            ParseError: a required value is missing, or one cannot be read.
        """
        try:
            lists = [self._texts(record, budget) for record in records]
        except ParseError as error:
            error.field, error.selector = self.name, self.values.source
            raise
        if of_all:
            lists = [[text for texts in lists for text in texts]]
        return self.columns_of(_chosen(lists, self.values.field), records, links, findings)

    def columns_of(
        self, texts: Texts, records: Sequence[Any], links: LinkResolver, findings: Findings
    ) -> Columns:
        """The columns that texts fill."""
        if self.values.is_required and not self.values.field.exists and None in texts.first:
            raise self._missing(texts.first.index(None), records)
        return self.values.columns(texts, links, findings)

    def _texts(self, record: Any, budget: TextBudget) -> list[str]:
        """What the first path that finds something finds; of joined fields what all find."""
        found: list[str] = []
        for path in self.paths:
            part = [budget.take(text) for text in self._as_texts(path.search(record), path)]
            if self.values.field.join is None and part:
                return part
            found += _of_nth(part, self.values.field)
        return found

    def _as_texts(self, value: Any, path: Path) -> Iterator[str]:
        waiting = [value]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                waiting.extend(reversed(each))
            elif isinstance(each, dict) and self.values.field.exists:
                yield "true"
            elif isinstance(each, dict):
                raise ParseError(
                    f"the path {path.text} gives {what_is(each)}; add the key that is wanted"
                )
            elif each is not None:
                if type(each) is float and self.values.field.type is FieldType.MONEY:
                    raise ParseError(
                        f"the path {path.text} computes a price, which is not exact; add the path "
                        f"of the price as it is written"
                    )
                text = _text(each, self.values.field)
                if self.values.field.html:
                    text = fragment_text(text, is_number=self.values.field.type in NUMBERS)
                if text and not text.isspace():
                    yield text

    def _missing(self, place: int, records: Sequence[Any]) -> ParseError:
        reason = f"; {why_nothing(self.paths[0], records[place])}" if self.paths else ""
        return ParseError(
            f"a required field has no value{reason}",
            position=None if self.of_page else place + 1,
            field=self.name,
            selector=self.values.source,
            found=_texts_of(records[place])[:SHOWN_TEXT],
        )


def json_field(catalogue: Catalogue, name: str, field: Field) -> JsonField:
    """Check and compile what the YAML says of a field.

    Raises:
        CatalogueError: a path, pattern or value map cannot be used.
    """
    if field.select:
        key = f"fields.{name}.select"
        problem = "the products are JSON, in which nothing can be selected"
        raise CatalogueError(catalogue.name, key, problem, "json, a path in the record")
    paths = tuple(path_of(catalogue.name, f"fields.{name}.json", text) for text in field.json_)
    source = " | ".join(field.json_)
    is_key = name in catalogue.key
    values = FieldValues.of(catalogue.name, name, field, is_key=is_key, source=source)
    return JsonField(paths, values)


def _texts_of(record: Any) -> str:
    """The record's own values, for people to recognise it by."""
    values = record.values() if isinstance(record, dict) else ()
    return " ".join(str(value) for value in values if not isinstance(value, dict | list))


def _chosen(lists: list[list[str]], field: Field) -> Texts:
    """The texts as `FieldValues` has them, by what the field says of several."""
    if field.join is not None:
        folded = ([" ".join(text.split()) for text in texts] for texts in lists)
        return Texts([field.join.join(texts) if texts else None for texts in folded])
    first = [texts[0] if texts else None for texts in lists]
    if field.many or field.nth in ("min", "max"):
        return Texts(first, every=lists)
    if field.nth is not None:
        return Texts([_of_nth(texts, field)[0] if texts else None for texts in lists])
    others = {
        place: [text for text in dict.fromkeys(texts) if text != texts[0]]
        for place, texts in enumerate(lists)
        if len(texts) > 1
    }
    return Texts(first, {place: texts for place, texts in others.items() if texts})


def _of_nth(texts: list[str], field: Field) -> list[str]:
    return {"first": texts[:1], "last": texts[-1:]}.get(field.nth or "", texts)


def _text(value: Any, field: Field) -> str:
    """A value of JSON as a text of a page would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    is_number = field.type in NUMBERS
    if isinstance(value, float):
        written = value.text if isinstance(value, WrittenNumber) else str(value)
        value = NumberText.of(written)
    if is_number and _holds_ours(str(value)):
        raise ParseError("in the text of a number is a character that none has")
    return value.exactly if is_number and isinstance(value, NumberText) else str(value)


def _holds_ours(text: str) -> bool:
    """Whether a text of the page has a character of which the project makes signs of its own."""
    return POINT in text or BORDER in text
