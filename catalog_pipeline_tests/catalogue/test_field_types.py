"""A type of fields that some place does not know is noticed when the program starts."""

import json
import re
import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path

import pytest

import catalog_pipeline
from catalog_pipeline.catalogue.field_types import total

PACKAGE = Path(catalog_pipeline.__file__).parent

TABLES = [
    ("FieldType", "catalog_pipeline.catalogue.field_types"),
    ("FieldType", "catalog_pipeline.catalogue.field_types"),
    ("FieldType", "catalog_pipeline.catalogue.field_rules"),
    ("FieldType", "catalog_pipeline.catalogue.scalars"),
    ("FieldType", "catalog_pipeline.reading.values.conversion"),
    ("CellType", "catalog_pipeline.catalogue.checks"),
    ("CellType", "catalog_pipeline.catalogue.conditions"),
    ("CellType", "catalog_pipeline.catalogue.value_range"),
    ("CellType", "catalog_pipeline.tables.json_columns"),
    ("CellType", "catalog_pipeline.tables.schema"),
    ("CellType", "catalog_pipeline.tables.cells"),
]
"""Each table by type, and the module that has it."""

IMPORT_ALL = """
import importlib, json, pkgutil
import catalog_pipeline
for module in pkgutil.walk_packages(catalog_pipeline.__path__, "catalog_pipeline."):
    if module.name != "catalog_pipeline.definitions" and "__main__" not in module.name:
        importlib.import_module(module.name)
print(json.dumps(catalog_pipeline.catalogue.field_types.GAPS))
"""
"""Imports every module of a package whose `total` notes what it should refuse."""


class Colour(Enum):
    RED = 1
    BLUE = 2


def test_a_table_that_lacks_a_kind_is_refused_by_its_name():
    assert total(Colour, {Colour.RED: "r", Colour.BLUE: "b"})[Colour.BLUE] == "b"
    with pytest.raises(TypeError, match="Colour says nothing of BLUE"):
        total(Colour, {Colour.RED: "r"})


@pytest.mark.processes
def test_each_place_that_does_not_know_a_new_type_is_noticed(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    types = tmp_path / PACKAGE.name / "catalogue" / "field_types.py"
    text = types.read_text(encoding="utf-8")
    refusal = text[
        text.index("        raise TypeError") : text.index("    return MappingProxyType")
    ]
    noting = "        GAPS.append((kinds.__name__, sys._getframe(1).f_globals['__name__']))\n"
    text = text.replace(refusal, noting)
    text = text.replace("\nclass FieldType", "\nimport sys\nGAPS = []\n\nclass FieldType")
    types.write_text(text.replace('    TEXT = "text"\n', '    TEXT = "text"\n    SIZE = "size"\n'))
    answer = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert sorted(map(tuple, json.loads(answer.stdout))) == sorted(TABLES)


def test_no_place_tells_types_apart_by_their_words():
    """Such a comparison would go on without a word when a type is added."""
    words = re.compile(
        r"""\btype (?:==|!=|in|not in) \(?["']|\.get\((?:field|column|reader)\.[\w.]*type"""
    )
    found = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if "sqlite" not in path.parts and words.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
