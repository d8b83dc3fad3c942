"""The JSON schema of a catalogue's YAML, made from the model: for editors and for Dagster.

A schema says what may stand in the file as it is written, so it accepts a template such as
`{{ env.PAGES }}` wherever the model wants a number. What only the model can tell is not here.
"""

from __future__ import annotations

import json
from typing import Any

from catalog_pipeline.catalogue.model import CatalogueAttributes

TYPE_NAME = "catalog_pipeline.CatalogueComponent"
"""What a YAML gives as its `type`."""
OLDER_TYPE_NAMES = (
    "catalog_pipeline.orchestration.definitions.component.CatalogueComponent",
    "catalog_pipeline.orchestration.component.CatalogueComponent",
)
"""Names of the same component that stay valid."""
SCHEMA_FILE_NAME = "catalogue.schema.json"
"""What the schema is called beside the folders of catalogues."""
SCHEMA_LINE = f"# yaml-language-server: $schema=../{SCHEMA_FILE_NAME}"
"""First line of a YAML, by which editors find its schema.

The path is relative to the YAML's own folder, so it holds without a network and from any folder
that an editor was opened in.
"""

_NOT_OF_A_PRESET = ("base_url",)
_TEMPLATE = {
    "type": "string",
    "pattern": r"\{\{.*\}\}",
    "description": "A template such as {{ env.NAME }}.",
}
_ANNOTATIONS = ("title", "description", "default", "examples")
_VALUES = ("default", "examples", "enum", "const", "required", "discriminator")
"""Keywords whose values are no schemas."""


def attributes_schema() -> dict[str, Any]:
    """The schema of what stands under `attributes`."""
    schema: dict[str, Any] = _with_templates(CatalogueAttributes.model_json_schema())
    # A preset gives what is required else.
    required = schema.pop("required")
    given = [key for key in required if key in _NOT_OF_A_PRESET]
    alternatives = [[*required, "page_url"], [*required, "listings"], ["preset", *given]]
    return {**schema, "anyOf": [{"required": keys} for keys in alternatives]}


def file_schema() -> dict[str, Any]:
    """The schema of a whole `defs.yaml`."""
    attributes = attributes_schema()
    definitions = attributes.pop("$defs")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A catalogue of catalog_pipeline",
        "description": "One site's product listing, as a component of Dagster.",
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "attributes"],
        "properties": {
            "type": {
                "description": "The component; always this one for a catalogue.",
                "enum": [TYPE_NAME, *OLDER_TYPE_NAMES],
            },
            "attributes": {**attributes, "description": "The catalogue."},
            "requirements": {
                "description": "What the file needs to load, as in every file of Dagster.",
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "env": {
                        "description": "Environment variables that have to be set.",
                        "type": "array",
                        "items": {"type": "string"},
                    }
                },
            },
            "post_processing": {
                "description": "Changes to the assets, as in every file of Dagster.",
                "type": "object",
            },
            "template_vars_module": {
                "description": "A Python module with template variables, for Dagster alone.",
                "type": "string",
            },
        },
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema of a `defs.yaml` as the text of a file."""
    return json.dumps(file_schema(), indent=2, ensure_ascii=False) + "\n"


def _with_templates(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_templates(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema: dict[str, Any] = {}
    for keyword, value in node.items():
        if keyword in ("properties", "$defs"):
            schema[keyword] = {name: _with_templates(inner) for name, inner in value.items()}
        elif keyword == "anyOf":
            # One template for all alternatives is enough.
            schema[keyword] = value
        else:
            schema[keyword] = value if keyword in _VALUES else _with_templates(value)
    if not _wants_a_template(schema):
        return schema
    alternatives = schema.pop("anyOf", None) or [
        {keyword: value for keyword, value in schema.items() if keyword not in _ANNOTATIONS}
    ]
    annotations = {key: schema[key] for key in _ANNOTATIONS if key in schema}
    return {**annotations, "anyOf": [*alternatives, _TEMPLATE]}


def _wants_a_template(schema: dict[str, Any]) -> bool:
    """Whether it is a single value, and not just any text."""
    alternatives = schema.get("anyOf", [schema])
    kinds = {alternative.get("type") for alternative in alternatives}
    is_free_text = any(
        alternative.get("type") == "string" and not {"enum", "pattern", "const"} & set(alternative)
        for alternative in alternatives
    )
    has_const = any("const" in alternative for alternative in alternatives)
    return (
        bool(kinds & {"integer", "number", "boolean", "string"})
        and not is_free_text
        and not has_const
    )
