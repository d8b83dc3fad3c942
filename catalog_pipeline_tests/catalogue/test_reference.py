"""The reference of the YAML in the docs is that of the model, with an example of each key."""

import re
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import CatalogueAttributes
from catalog_pipeline.catalogue.reference import examples, reference
from catalog_pipeline_tests.conftest import Run

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"
SCHEMA = CatalogueAttributes.model_json_schema()
MODELS = {"attributes": SCHEMA, **SCHEMA["$defs"]}
PLACES = {
    "Politeness": "politeness",
    "Limits": "limits",
    "FormLogin": "login",
    "BasicLogin": "login",
    "BearerLogin": "login",
    "FromEnvironment": "headers",
    "Schedule": "schedule",
    "Coverage": "coverage",
    "Checks": "checks",
    "PracticeShop": "practice_shop",
    "FixedLength": "pages",
    "OpenLength": "pages",
    "ToldLength": "pages",
    "LinkedLength": "pages",
}
VALUES_OF_A_MAPPING = {"FromEnvironment", "ListingAttributes"}


def test_the_page_in_the_docs_is_that_of_the_model(run: Run):
    printed = run("schema", "--reference").out
    assert printed == reference()
    mends = "catalog-pipeline schema --reference > docs/catalogue.md"
    assert PAGE.read_text(encoding="utf-8") == printed, f"{mends} mends it"


@pytest.mark.parametrize("name", MODELS)
def test_each_key_has_an_example_and_no_other_has(name: str):
    assert set(examples()[name]) == set(MODELS[name]["properties"])


def test_the_examples_of_the_attributes_are_a_catalogue():
    catalogue_from_attributes("shop", examples()["attributes"])


@pytest.mark.parametrize("name", sorted(PLACES))
def test_the_examples_of_a_section_are_one(name: str):
    example = examples()[name]
    value = {"X": example} if name in VALUES_OF_A_MAPPING else example
    attributes = {**examples()["attributes"], PLACES[name]: value}
    if PLACES[name] == "pages" and name != "FixedLength":
        del attributes["last_page"], attributes["listings"]
    catalogue_from_attributes("shop", attributes)


def test_the_example_of_the_signs_of_an_end_is_one():
    others = ("last_page", "listings")
    attributes = {key: each for key, each in examples()["attributes"].items() if key not in others}
    attributes["pages"] = {**examples()["OpenLength"], "end": examples()["EndSigns"]}
    catalogue_from_attributes("shop", attributes)


def test_the_example_of_an_assumed_date_is_one():
    field = {"select": "time", "type": "timestamp", "assume": examples()["AssumedDate"]}
    attributes = {**examples()["attributes"], "fields": {"at": field}, "key": "at"}
    catalogue_from_attributes("shop", attributes)


@pytest.mark.parametrize("key", MODELS["Field"]["properties"])
def test_the_example_of_a_fields_key_is_a_field_with_that_key(key: str):
    field = examples()["Field"][key]
    assert key in field
    fields = {"url": {"select": "a"}, "other": field}
    catalogue_from_attributes("shop", {**examples()["attributes"], "fields": fields, "key": "url"})


def test_links_lead_to_headings_and_cells_stay_in_their_columns():
    page = reference()
    headings = {
        re.sub(r"[^a-z0-9 _-]", "", line[3:].lower()).replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("## ")
    }
    assert len(headings) == len(MODELS)
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= headings
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
