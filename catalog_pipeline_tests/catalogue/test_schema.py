"""The schema of a catalogue's YAML, as editors and Dagster are given it."""

from collections.abc import Iterator
from typing import Any

from catalog_pipeline.catalogue.model import CatalogueAttributes


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    models = {"attributes": schema, **schema["$defs"]}
    for name, model in models.items():
        for key, described in model["properties"].items():
            yield f"{name}.{key}", described


def test_every_key_has_a_description():
    described = dict(_properties(CatalogueAttributes.model_json_schema()))
    assert {"attributes.base_url", "Field.select", "Politeness.concurrency"} <= set(described)
    assert [name for name, schema in described.items() if not schema.get("description")] == []
