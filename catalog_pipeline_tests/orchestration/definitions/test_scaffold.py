"""What cannot be a catalogue is not scaffolded, and is said in a sentence."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.orchestration.definitions.scaffold import (
    CatalogueScaffolder,
    ScaffoldParameters,
)


def _scaffold(folder: Path, *, parameters: dict[str, Any] | None = None, **changes: Any) -> None:
    folder.mkdir(parents=True)
    settings: dict[str, Any] = {
        "type_name": "catalog_pipeline.CatalogueComponent",
        "target_path": folder,
        "scaffold_format": "yaml",
        "project_root": folder.parent,
        "params": ScaffoldParameters(**(parameters or {})),
        **changes,
    }
    CatalogueScaffolder().scaffold(dg.ScaffoldRequest(**settings))


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("new", {"parameters": {"product": "div.card: x"}}, "no selector"),
        ("new", {"parameters": {"base_url": "shop.example"}}, "no address such as"),
        ("new", {"parameters": {"page_url": "/products"}}, "must hold {page} once"),
        ("new", {"parameters": {"last_page": 0}}, "less than first_page"),
        ("New-Shop", {}, "no name for a catalogue"),
        ("new", {"scaffold_format": "python"}, "A catalogue is a YAML file"),
    ],
)
def test_what_cannot_be_a_catalogue_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str, changes: dict[str, Any], sentence: str
):
    with pytest.raises(CatalogPipelineError, match=sentence):
        _scaffold(tmp_path / "defs" / name, **changes)
    assert list((tmp_path / "defs").iterdir()) == []


@pytest.mark.parametrize(
    "description",
    ["NO", "0150", "- a list", "a: b", "100 % # all", 'it\'s "quoted"', "äöü", "{x}", "", "null"],
)
def test_a_text_is_in_the_catalogue_as_it_was_given(tmp_path: Path, description: str):
    folder = tmp_path / "defs" / "new"
    _scaffold(folder, parameters={"description": description})
    assert read_catalogue(folder / "defs.yaml").description == description
