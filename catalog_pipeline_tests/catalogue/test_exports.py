"""What the YAML may say of exports, and which mistakes in it are told before anything runs."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from catalog_pipeline.catalogue.exports import Export
from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.reference import examples
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.tables.exports.formats import FORMATS
from catalog_pipeline_tests.catalogue.attributes import attributes

DATABASE = {"to": "postgres", "url_env": "DWH"}


def _catalogue(*exports: dict[str, Any], **changes: Any) -> Catalogue:
    return catalogue_from_attributes("shop", attributes(exports=list(exports), **changes))


def test_each_format_and_postgres_can_be_asked_for() -> None:
    known = get_args(Export.model_fields["to"].annotation)
    assert set(known) == {*FORMATS, "postgres"}
    for name in FORMATS:
        (export,) = _catalogue({"to": name}).exports
        assert export.asset_name == f"export_{name}"
        assert export.file_name == f"products{FORMATS[name].suffixes[0]}"


def test_names_of_assets_files_and_tables_say_what_is_written() -> None:
    history, named, changes = _catalogue(
        {"to": "csv", "what": "history"},
        {"to": "csv", "name": "for_excel", "path": "/srv/shop.csv", "safe": True},
        {**DATABASE, "what": "changes", "mode": "replace"},
        history=True,
    ).exports
    assert (history.asset_name, history.file_name) == ("export_csv_history", "history.csv")
    assert (named.asset_name, named.file_name) == ("export_for_excel", "/srv/shop.csv")
    assert (changes.asset_name, changes.table_name) == ("export_postgres_changes", "changes")


def test_one_export_alone_needs_no_list() -> None:
    catalogue = catalogue_from_attributes("shop", attributes(exports={"to": "csv"}))
    assert [export.to for export in catalogue.exports] == ["csv"]
    assert catalogue_from_attributes("shop", attributes()).exports == ()


def test_an_export_changes_neither_pages_nor_table() -> None:
    with_export, without = _catalogue({"to": "csv"}), _catalogue()
    assert with_export.code_version == without.code_version
    assert with_export.table_version == without.table_version


def test_the_version_of_an_export_is_about_how_and_where_it_is_written() -> None:
    versions = [
        _catalogue(given).exports[0].version
        for given in (
            {"to": "csv"}, {"to": "csv", "safe": False}, {"to": "csv", "path": "a.csv"},
            {"to": "jsonl"}, DATABASE, {**DATABASE, "mode": "merge"}, {**DATABASE, "table": "a"},
        )
    ]  # fmt: skip
    assert len(set(versions)) == len(versions)
    assert _catalogue({"to": "csv", "name": "other"}).exports[0].version == versions[0]


@pytest.mark.parametrize(
    ("exports", "place", "problem"),
    [
        ([{"to": "xls"}], "exports.0.to", "'xlsx'"),
        ([{"to": "csv", "too": 1}], "exports.0.too", "did you mean to"),
        ([{"to": "csv"}, {"to": "csv"}], "exports", "two are called export_csv"),
        ([{"to": "csv"}, {"to": "csv", "name": "b", "path": "./products.csv"}], "exports", "same"),
        ([DATABASE, {**DATABASE, "name": "b", "mode": "merge"}], "exports", "same place"),
        (
            [DATABASE, {**DATABASE, "name": "b", "table": "public.products"}],
            "exports",
            "same place",
        ),
        ([{"to": "postgres"}], "exports.0", "url_env"),
        ([{**DATABASE, "path": "a.csv"}], "exports.0", "path is for files"),
        ([{**DATABASE, "key": "name"}], "exports.0", "key is for mode: merge"),
        ([{**DATABASE, "mode": "merge", "key": "nme"}], "", "no such column: name, price"),
        ([{**DATABASE, "mode": "merge", "what": "changes"}], "exports.0", "by which columns"),
        ([{"to": "csv", "url_env": "DWH"}], "exports.0", "url_env is for to: postgres"),
        ([{"to": "csv", "mode": "merge"}], "exports.0", "mode is for to: postgres"),
        ([{"to": "csv", "path": "shop.xlsx"}], "exports.0", "ends in .csv"),
        ([{"to": "csv", "path": "../shop.csv"}], "exports.0", "no folder above"),
        ([{"to": "csv", "table": "a"}], "exports.0", "no table with a name"),
        ([{"to": "duckdb", "safe": True}], "exports.0", "safe is for csv and xlsx"),
        ([{"to": "csv", "what": "history"}], "", "nothing is kept without `history`"),
        ([{"to": "csv", "name": "a/b"}], "exports.0.name", "no part of a key"),
        (["csv"], "exports.0", "a section"),
        ("csv", "exports", "[{to: csv}]"),
    ],
)
def test_a_mistake_is_told_with_its_place(exports: Any, place: str, problem: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue_from_attributes("shop", attributes(exports=exports))
    assert problem in str(caught.value)
    assert not place or caught.value.field == place


def test_an_address_in_place_of_a_variable_is_refused_and_not_repeated() -> None:
    with pytest.raises(CatalogueError) as caught:
        _catalogue({"to": "postgres", "url_env": "postgresql://shop:secret99@db/shop"})
    assert "secret99" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({}, ("name",)),
        ({"what": "history"}, ("name", "opened_by")),
        ({"what": "history", "key": ["name", "valid_from"]}, ("name", "valid_from")),
        ({"what": "changes", "key": ["name", "build"]}, ("name", "build")),
    ],
)
def test_what_rows_are_merged_by(given: dict[str, Any], key: tuple[str, ...]) -> None:
    (export,) = _catalogue({**DATABASE, "mode": "merge", **given}, history=True).exports
    assert export.merged_by(("name",)) == key
    assert _catalogue({**DATABASE, "what": "table"}).exports[0].merged_by(("name",)) == ()


@pytest.mark.parametrize("key", examples()["Export"])
def test_the_example_of_each_key_is_that_of_an_export(key: str) -> None:
    example = examples()["Export"]
    is_of_file = key in ("path", "safe")
    base = {"to": "csv"} if is_of_file else {**DATABASE, "mode": "merge"}
    (export,) = _catalogue({**base, key: example[key]}, key="url", fields={"url": "a"}).exports
    assert getattr(export, key) in (example[key], (example[key],))
