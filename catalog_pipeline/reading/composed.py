"""Texts that are made of other fields, by a template such as `"{brand} {model}"`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog_pipeline.catalogue.field_rules import names_in_template
from catalog_pipeline.catalogue.field_types import NUMBERS
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.spelling import meant
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.field_values import FieldValues
from catalog_pipeline.reading.values.exact_point import exact
from catalog_pipeline.records import Cell, Columns


def check_templates(catalogue: Catalogue) -> None:
    """Refuse templates of fields that are not there, or that give them no text.

    Raises:
        CatalogueError: there is one; it names all of them.
    """
    if mistakes := [*_mistakes_of_templates(catalogue)]:
        raise CatalogueError.of(catalogue.name, mistakes)


def _mistakes_of_templates(catalogue: Catalogue) -> Iterator[Mistake]:
    for name, field in catalogue.fields.items():
        for named in names_in_template(field.template or ""):
            key = f"fields.{name}.template"
            other = catalogue.fields.get(named)
            if other is None:
                hint = meant(named, catalogue.fields)
                problem = f"it names {named}, which is not declared{hint}"
                yield Mistake(key, problem, ", ".join(catalogue.fields))
            elif other.template is not None or other.many:
                problem = f"it names {named}, which is a {'list' if other.many else 'template'}"
                yield Mistake(key, problem, "fields with one text")
    for name in catalogue.key:
        if catalogue.fields[name].many:
            problem = f"{name} is a list, which tells no products apart"
            yield Mistake("key", problem, "fields with one value")


def composed_texts(
    values: FieldValues, fields: Mapping[str, Field], columns: Columns, rows: int
) -> list[str | None]:
    """The text of each product for a field with a template; None where one of its fields is empty.

    In a number that is made of others the point parts decimals, as it does in these.

    Raises:
        ParseError: the field is required, and there is none.
    """
    template = values.field.template or ""
    names = names_in_template(template)
    exactly = {name for name in names if {values.field.type, fields[name].type} <= NUMBERS}
    texts: list[str | None] = []
    for place in range(rows):
        parts = {name: columns[name][place] for name in names}
        empty = [name for name, part in parts.items() if part is None]
        if empty and values.is_required:
            raise ParseError(
                f"a required field is made of {', '.join(names)}, and {' and '.join(empty)} "
                f"{'is' if len(empty) == 1 else 'are'} empty",
                position=place + 1,
                field=values.name,
                selector=template,
            )
        shown = {
            name: exact(_text(part)) if name in exactly else _text(part)
            for name, part in parts.items()
        }
        texts.append(None if empty else template.format_map(shown))
    return texts


def _text(cell: Cell) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
