"""The reference of a catalogue's YAML as Markdown, made from the schema: `docs/catalogue.md`.

Types, defaults and meanings come from the schema, examples from `examples.yaml` beside this module;
nothing of either is written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from catalog_pipeline.catalogue.model import CatalogueAttributes

_ATTRIBUTES = "attributes"
_FIELD = "Field"
_COLUMN = "<column>"
_INTRODUCTION = """\
# The YAML of a catalogue

A catalogue is one file `defs.yaml` in a folder with its name. `type` is always
`catalog_pipeline.CatalogueComponent`; what the catalogue is stands below `attributes`. As in every
component's file of Dagster there may be `requirements`, `post_processing` and
`template_vars_module` beside it.

A value may hold a template of the environment, `{{ env.SHOP_URL }}` or
`{{ env('SHOP_URL', 'https://shop.example') }}`; the code location knows those of
`template_vars_module`, too. Credentials have no place in it: a login takes the names of variables.
A template takes names, texts, numbers, `~`, `+` and `if`; what could fill the memory, such as loops
and `*` of texts, is refused.
What is written is taken as it is written: `NO`, `0150` and `12:30` are texts where a text is
wanted, and a mistake where a number is.

A field's shortest form is its selector: `title: h2 a`. Selectors are CSS, with `:has(a.sale)` and
`:contains("New")` as well, or XPath, which can leave the product (`xpath:ancestor::section/h2`) and
put texts together (`xpath:concat(./b, '.', ./i)`; `join` does it for several selectors). The digits
of `$12<sup>99</sup>` are one price to either; digits of two elements that meet otherwise are
an error. Pages of JSON have `records: {from: json, path: products}`, and JMESPaths as fields
(`price: {json: "variants[0].price", …}`); a shop of Shopify or WooCommerce is `preset: shopify`,
`base_url` and, for Shopify, `currency`.

No value is guessed. A price whose sign several currencies share, or whose only separator may part
thousands or decimals, is an error that names the key which settles it, unless the countries of the
currency or the other prices of the page leave one reading. So is a product with two different
prices (`nth`). `catalog-pipeline try` shows of a page that fits what else to doubt.

`catalog-pipeline schema` prints the JSON schema; a file that begins with
`# yaml-language-server: $schema=../catalogue.schema.json` finds it in the folder above its own, in
any editor with a YAML language server and without a network (`catalog-pipeline schema --write
FOLDER` writes it there).

This page is made from the model: `catalog-pipeline schema --reference > docs/catalogue.md`.
"""


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """An example of each key, by the name of its section's model."""
    text = Path(__file__).with_name("examples.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return loaded


def reference() -> str:
    """The whole page."""
    schema = CatalogueAttributes.model_json_schema()
    definitions: dict[str, Any] = schema.pop("$defs")
    places = dict(_places(schema, definitions))
    sections = [
        _section(name, _title(name, places), model, places)
        for name, model in {_ATTRIBUTES: schema, **_in_order(places, definitions)}.items()
    ]
    return "\n".join([_INTRODUCTION, *sections])


def _in_order(places: Mapping[str, str], definitions: Mapping[str, Any]) -> dict[str, Any]:
    return {name: definitions[name] for name in places}


def _places(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of models and the keys that lead to them, in the order of the keys."""
    for key, described in _keys(schema).items():
        for name in re.findall(r"'\$ref': '#/\$defs/(\w+)'", str(described)):
            yield name, f"{key}.<name>" if "additionalProperties" in described else key
            for inner, place in _places(definitions[name], definitions):
                yield inner, f"{key}.{place}"


def _keys(model: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a section, with one that stands for the names of columns where those are keys."""
    others = model.get("additionalProperties")
    of_columns = (
        {"description": "What the values of that column must be.", **others} if others else {}
    )
    return {**model["properties"], **({_COLUMN: of_columns} if of_columns else {})}


def _title(name: str, places: Mapping[str, str]) -> str:
    if name == _ATTRIBUTES:
        return f"`{_ATTRIBUTES}`"
    kind = examples().get(name, {}).get("kind")
    return f"`{places[name]}`" + (f" of kind `{kind}`" if kind else "")


def _section(name: str, title: str, model: Mapping[str, Any], places: Mapping[str, str]) -> str:
    description = " ".join(model.get("description", "").split())
    required = set(model.get("required", ()))
    rows = [
        "| Key | Type | Default | Meaning | Example |",
        "| --- | --- | --- | --- | --- |",
        *(
            _row(name, key, described, key in required, places)
            for key, described in _keys(model).items()
        ),
    ]
    about = f"{_text(description)}\n\n" if description and name != _ATTRIBUTES else ""
    return f"## {title}\n\n{about}" + "\n".join(rows) + "\n"


def _row(
    name: str, key: str, described: Mapping[str, Any], is_required: bool, places: Mapping[str, str]
) -> str:
    meaning = " ".join(described["description"].split())
    cells = [
        f"`{key}`",
        _type(described, places),
        "**required**" if is_required else _default(described),
        _text(meaning),
        _example(name, key, described),
    ]
    return f"| {' | '.join(cells)} |"


def _type(schema: Mapping[str, Any], places: Mapping[str, str]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[`{places[name]}`](#{_anchor(_title(name, places))})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        kinds = [_type(each, places) for each in alternatives if each.get("type") != "null"]
        accepts_null = any(each.get("type") == "null" for each in alternatives)
        if accepts_null and schema.get("default") is not None:
            kinds.append("`null`")
        return " or ".join(dict.fromkeys(kinds))
    kind = schema["type"]
    if kind == "array":
        return f"list of {_type(schema['items'], places)}"
    if kind == "object":
        return f"mapping of names to {_type(schema['additionalProperties'], places)}"
    return _SIMPLE[kind] + _bounds(schema)


_SIMPLE = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
}


def _bounds(schema: Mapping[str, Any]) -> str:
    bounds = [
        f"{word} {schema[key]:,}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    return f" {' '.join(bounds)}" if bounds else ""


def _default(described: Mapping[str, Any]) -> str:
    default = described.get("default")
    if isinstance(default, Mapping) or "$ref" in described:
        return "its defaults"
    if default in (None, "", [], ()):
        return "none"
    return _code(_flow(default))


def _example(name: str, key: str, described: Mapping[str, Any]) -> str:
    if key == _COLUMN:
        return _code("price: {minimum: 0.01, jump: 80%}")
    example = examples().get(name, {}).get(key, described.get("default"))
    if name == _FIELD and isinstance(example, Mapping):
        return _code(_flow(example))
    return _code(f"{key}: {_flow(example)}")


def _flow(value: Any) -> str:
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True
    )
    return text.strip().removesuffix("...").strip()


def _text(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{_text(text)}`"


def _anchor(title: str) -> str:
    """What GitHub makes of a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")
