"""Which keys of a field go together, and the sentence where they do not.

What each key is stands in `fields`; what a value of it may be is checked there, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.field_types import OPTIONS, FieldType, total
from catalog_pipeline.catalogue.time_formats import format_problem

if TYPE_CHECKING:
    from catalog_pipeline.catalogue.fields import Field

HAS_ORDER = total(
    FieldType,
    {
        FieldType.TEXT: False,
        FieldType.INTEGER: True,
        FieldType.NUMBER: True,
        FieldType.MONEY: True,
        FieldType.BOOLEAN: False,
        FieldType.URL: False,
        FieldType.TIMESTAMP: True,
    },
)
"""Whether one of several values is the least."""


def problems_of_options(field: Field) -> Iterator[str]:
    """What is wrong with the keys of a field as they stand together."""
    for option in sorted(frozenset().union(*OPTIONS.values())):
        if getattr(field, option) and option not in OPTIONS[field.type]:
            types = sorted(kind.value for kind, known in OPTIONS.items() if option in known)
            yield f"{option} is for fields of type {' or '.join(types)}"
    yield from _of_source(field)
    yield from _of_pattern(field)
    yield from _of_choice(field)
    assumed = tuple(name for name, _ in field.assume.parts) if field.assume else ()
    problem = format_problem(field.format, assumed) if field.format else None
    if problem:
        yield problem


def names_in_template(template: str) -> tuple[str, ...]:
    """The fields that a template names, in its order.

    Raises:
        ValueError: it is none: a brace has no partner, or there is more than a name in it.
    """
    names = []
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if form or conversion or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"{{{name}}} names no field; a brace of the text itself is doubled")
        names.append(name)
    return tuple(dict.fromkeys(names))


def _of_source(field: Field) -> Iterator[str]:
    if field.html and not field.json_:
        yield "html is for texts of JSON; elements are read as a browser shows them"
    if field.template is not None:
        if field.select or field.json_ or field.attribute or field.exists or field.of == "page":
            yield "a template is made of other fields; select, attribute, exists and of have no use"
        try:
            if not names_in_template(field.template):
                yield "the template names no field; write its name in braces, as in {brand}"
        except ValueError as error:
            yield str(error)
    elif field.json_:
        if field.select or field.attribute:
            yield "a value of JSON has a path alone; select and attribute have no use"
    elif not field.select or not all(selector.strip() for selector in field.select):
        yield "give at least one selector, and none that is empty"


def _of_pattern(field: Field) -> Iterator[str]:
    if field.group is None:
        return
    if field.pattern is None:
        yield "group needs a pattern"
        return
    pattern = re.compile(field.pattern)
    known = {*range(pattern.groups + 1), *pattern.groupindex}
    if field.group not in known:
        yield f"the pattern has no group {field.group!r}; it has {sorted(map(str, known))}"


def _of_choice(field: Field) -> Iterator[str]:
    """Of what is done with several matches, and with none that can be read."""
    if field.nth in ("min", "max") and not HAS_ORDER[field.type]:
        yield f"of type {field.type} no value is the least; nth: first or last"
    if field.exists and (field.nth or field.many or field.join is not None):
        yield "exists asks for any match, so nth, many and join have no use"
    if field.exists and field.on_invalid != "fail_page":
        yield "exists reads no text, so on_invalid has no use"
    if field.of == "page" and field.on_invalid == "discard_row":
        yield "a value of the page has no row of its own; on_invalid: discard_value"
    if field.many and field.nth is not None:
        yield "many takes all matches and nth one of them"
    if field.many and field.join is not None:
        yield "many gives a list of the matches and join one text of them"
    if field.many and field.type is FieldType.MONEY:
        yield "a list of prices has no currency of its own; take one with nth"
    if field.join is not None and field.nth in ("min", "max"):
        yield "join puts texts together, of which none is the least; nth: first or last"
    if field.default is not None and (field.required or field.exists or field.many):
        yield "a default is for values that may be missing, and not for lists"
    if field.required and None in (field.values or {}).values():
        yield "values says of a text that it is no value, and a required field needs one"
