"""YAML that says two things at once, or more than it shows, is a mistake with its lines."""

from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.finding import has_catalogue
from catalog_pipeline.catalogue.written import MAX_VALUES, read_documents
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.files_of_texts import SMALL, catalogue_file


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ("    name: {select: h3}\n", "9 and 10"),
        ("  politeness: {concurrency: 2}\n  politeness: {concurrency: 3}\n", "10 and 11"),
        ("  politeness:\n    concurrency: 2\n    concurrency: 3\n", "11 and 12"),
        ("  tags: {1: a,\n    '1': b}\n", "10 and 11"),
        ("type: x.Y\n", "1 and 10"),
        ("  <<: {last_page: 3}\n  <<: {last_page: 4}\n", "10 and 11"),
    ],
)
def test_a_key_that_is_there_twice_is_named_with_both_lines(tmp_path: Path, more: str, lines: str):
    with pytest.raises(CatalogueError, match=f"it is there twice, in lines {lines}"):
        read_catalogue(catalogue_file(tmp_path, more=more))


def test_a_key_that_overrides_a_merged_one_is_not_there_twice(tmp_path: Path):
    path = catalogue_file(tmp_path, more="  <<: {last_page: 3, description: merged}\n")
    catalogue = read_catalogue(path)
    assert (catalogue.last_page, catalogue.description) == (9, "merged")


def test_an_alias_stands_for_what_it_names(tmp_path: Path):
    change = ("name: {select: h2}", "name: &text {select: h2}\n    title: *text")
    fields = read_catalogue(catalogue_file(tmp_path, change)).fields
    assert fields["title"] == fields["name"]


def test_aliases_of_aliases_are_counted_and_not_followed_for_ever():
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    (document,) = read_documents("\n".join(["a0: &a0 [1]", *levels]))
    assert [mistake.problem for mistake in document.mistakes] == [
        f"with its aliases it stands for more than {MAX_VALUES:,} values"
    ]


def test_an_alias_of_what_it_stands_in_is_a_mistake():
    (document,) = read_documents("a: &a\n- *a")
    assert [(m.line, m.problem) for m in document.mistakes] == [
        (1, "the alias names what it stands in")
    ]


@pytest.mark.parametrize("text", ["!!python/name:os.system 1", "!own 1", "!!binary aGk=", "="])
def test_a_tag_is_no_value(tmp_path: Path, text: str):
    path = catalogue_file(tmp_path, more=f"  description: {text}\n")
    with pytest.raises(CatalogueError, match=r"description .*line 10"):
        read_catalogue(path)


def test_a_key_that_is_no_text_is_a_mistake(tmp_path: Path):
    with pytest.raises(CatalogueError, match=r"tags .*line 11.*is no key"):
        read_catalogue(catalogue_file(tmp_path, more="  tags:\n    ? [a]\n    : b\n"))


def test_the_catalogue_is_found_among_other_components_of_a_file(tmp_path: Path):
    path = catalogue_file(tmp_path, more="---\ntype: other.Component\nattributes: {a: 1}\n")
    assert has_catalogue(path)
    assert read_catalogue(path).last_page == 9


def test_two_catalogues_of_one_file_would_have_one_name(tmp_path: Path):
    with pytest.raises(CatalogueError, match="two catalogues in one file, in lines 1 and 11"):
        read_catalogue(catalogue_file(tmp_path, more="---\n" + SMALL))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("type: dagster.DefsFolderComponent\n", False),
        ("type: catalog_pipeline.CatalogueComponent\nattributes: {}\n", True),
        ("type: catalog_pipeline.CatalogueComponent\nattributes: {", True),
        ("type: other.Component\nattributes: {", False),
        ("", False),
    ],
)
def test_a_file_is_a_catalogue_by_its_type_even_if_it_cannot_be_read(
    tmp_path: Path, text: str, is_one: bool
):
    path = tmp_path / "defs.yaml"
    path.write_text(text, encoding="utf-8")
    assert has_catalogue(path) is is_one


def test_who_reads_a_text_a_second_time_has_values_of_his_own():
    text = "type: x\nattributes: {tags: {a: b}}\nattributes: 1\n"
    first, second = read_documents(text), read_documents(text)
    assert first == second
    first[0].value["attributes"]["tags"]["a"] = "changed"
    assert read_documents(text) == second
