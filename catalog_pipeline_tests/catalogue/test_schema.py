"""The schema of a catalogue's YAML, as editors and Dagster are given it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from catalog_pipeline.catalogue.finding import BUNDLED_FOLDER, FILE_NAME, catalogue_files
from catalog_pipeline.catalogue.model import CatalogueAttributes
from catalog_pipeline.catalogue.schema import (
    SCHEMA_FILE_NAME,
    SCHEMA_LINE,
    TYPE_NAME,
    attributes_schema,
    file_schema,
)
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import bundled_attributes


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    models = {"attributes": schema, **schema["$defs"]}
    for name, model in models.items():
        for key, described in model["properties"].items():
            yield f"{name}.{key}", described


def test_every_key_has_a_description():
    described = dict(_properties(CatalogueAttributes.model_json_schema()))
    assert {"attributes.base_url", "Field.select", "Politeness.concurrency"} <= set(described)
    assert [name for name, schema in described.items() if not schema.get("description")] == []


@pytest.mark.parametrize("name", sorted(catalogue_files({})))
def test_a_bundled_yaml_names_the_schema_that_lies_there_and_keeps_to_it(name: str):
    file = BUNDLED_FOLDER / name / FILE_NAME
    text = file.read_text(encoding="utf-8")
    assert text.splitlines()[0] == SCHEMA_LINE
    schema = json.loads((file.parent / SCHEMA_LINE.partition("=")[2]).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    assert list(jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(text))) == []


def test_the_schema_beside_the_bundled_catalogues_is_that_of_the_model(run: Run, tmp_path: Path):
    printed = run("schema")
    assert printed.code == 0
    file = (BUNDLED_FOLDER / SCHEMA_FILE_NAME).read_text(encoding="utf-8")
    assert printed.out == file, "catalog-pipeline schema --write catalog_pipeline/defs mends it"
    assert run("schema", "--write", str(tmp_path)).out.endswith(f"{SCHEMA_LINE}\n")
    assert (tmp_path / SCHEMA_FILE_NAME).read_text(encoding="utf-8") == file
    assert run("schema", "--write", str(tmp_path / "nowhere")).code == 2


@pytest.mark.parametrize(
    ("changes", "is_valid"),
    [
        ({}, True),
        ({"last_page": "{{ env.PAGES }}"}, True),
        ({"last_page": "many"}, False),
        ({"login": {"kind": "bearer", "token_env": "TOKEN"}}, True),
        ({"login": {"kind": "token", "token_env": "TOKEN"}}, False),
        ({"politeness": {"requests_per_second": None, "obey_robots": "{{ env.OBEY }}"}}, True),
        ({"politeness": {"requests_per_second": "fast"}}, False),
        ({"fields": {"id": {"select": "a", "type": "{{ env.TYPE }}"}}}, True),
        ({"fields": {"id": {"select": "a", "type": "txt"}}}, False),
        ({"fields": {"id": {"selekt": "a"}}}, False),
        ({"base_uri": "https://shop.example"}, False),
    ],
)
def test_the_schema_takes_what_may_be_written_and_nothing_else(
    changes: dict[str, Any], is_valid: bool
):
    attributes = {**bundled_attributes("sandbox"), **changes}
    for schema, document in (
        (attributes_schema(), attributes),
        (file_schema(), {"type": TYPE_NAME, "attributes": attributes}),
    ):
        assert jsonschema.Draft7Validator(schema).is_valid(document) == is_valid


def test_what_stands_beside_the_attributes_is_known_to_the_schema():
    document = {
        "type": TYPE_NAME,
        "attributes": bundled_attributes("sandbox"),
        "requirements": {"env": ["SHOP_URL"]},
        "post_processing": {"assets": [{"target": "*", "attributes": {"tags": {"a": "b"}}}]},
        "template_vars_module": ".variables",
    }
    validator = jsonschema.Draft7Validator(file_schema())
    assert validator.is_valid(document)
    assert not validator.is_valid({**document, "politeness": {}})
    assert not validator.is_valid({**document, "type": "dagster.DefsFolderComponent"})
