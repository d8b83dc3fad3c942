"""What a text of a YAML is: itself where a text is wanted, a number only if nobody doubts it."""

from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes, read_catalogue
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.catalogue.files_of_texts import catalogue_file

SURPRISES = ["NO", "yes", "on", "0150", "0o17", "0x1F", "12:30", "190:20:30", "1_000", "1e3"]
SURPRISES += ["2024-05-06", "true", "1.0", ".5", "+1", ".inf", "0b1", '"null"', "nothing"]
NULLS = ["~", "null", "Null"]


@pytest.mark.parametrize("text", SURPRISES)
def test_a_text_is_what_is_written_where_a_text_is_wanted(tmp_path: Path, text: str):
    path = catalogue_file(tmp_path, ("{select: h2}", f"{{select: h2, values: {{a: {text}}}}}"))
    assert read_catalogue(path).fields["name"].values == {"a": text.strip('"')}


@pytest.mark.parametrize("text", NULLS)
def test_a_text_of_the_page_may_mean_nothing(tmp_path: Path, text: str):
    path = catalogue_file(tmp_path, more=f"    size: {{select: i, values: {{a: {text}}}}}\n")
    assert read_catalogue(path).fields["size"].values == {"a": None}


@pytest.mark.parametrize("more", ["", "    size: {select: i, required: true, values: {a: null}}\n"])
def test_no_text_means_nothing_where_a_value_is_needed(tmp_path: Path, more: str):
    key = "" if more else ", values: {a: null}"
    path = catalogue_file(tmp_path, ("{select: h2}", f"{{select: h2{key}}}"), more=more)
    with pytest.raises(CatalogueError, match=r"stand for nothing|a required field needs one"):
        read_catalogue(path)


@pytest.mark.parametrize("text", [*SURPRISES, *NULLS])
def test_a_key_of_a_map_is_what_is_written(tmp_path: Path, text: str):
    path = catalogue_file(tmp_path, ("{select: h2}", f"{{select: h2, values: {{{text}: a}}}}"))
    assert read_catalogue(path).fields["name"].values == {text.strip('"'): "a"}


@pytest.mark.parametrize("text", ["2024", "1.10", "0150", "yes", "2024-05-06"])
def test_tags_and_descriptions_are_what_is_written(tmp_path: Path, text: str):
    more = f"  description: {text}\n  tags: {{a: {text}}}\n"
    catalogue = read_catalogue(catalogue_file(tmp_path, more=more))
    assert (catalogue.description, catalogue.tags) == (text, {"a": text})


NO_NUMBERS = [text for text in SURPRISES if text != "+1"] + ["9.0", "9" * 41, "''"]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_whole_number_has_one_reading_or_is_a_mistake(tmp_path: Path, text: str):
    with pytest.raises(CatalogueError, match=r"last_page .*line 5"):
        read_catalogue(catalogue_file(tmp_path, ("last_page: 9", f"last_page: {text}")))


@pytest.mark.parametrize("text", ["0150", "1_000", "12:30", "yes", "0x1F", ".inf", "nan"])
def test_a_number_has_one_reading_or_is_a_mistake(tmp_path: Path, text: str):
    more = f"  politeness: {{backoff_seconds: {text}}}\n"
    with pytest.raises(CatalogueError, match=r"politeness.backoff_seconds .*line 10"):
        read_catalogue(catalogue_file(tmp_path, more=more))


@pytest.mark.parametrize(
    ("text", "number"), [("1e1", 10), ("2.5", 2.5), (".5", 0.5), ("'4'", 4), ("+3", 3)]
)
def test_a_number_that_nobody_doubts_is_taken(tmp_path: Path, text: str, number: float):
    more = f"  politeness: {{backoff_seconds: {text}}}\n"
    assert read_catalogue(catalogue_file(tmp_path, more=more)).politeness.backoff_seconds == number


@pytest.mark.parametrize(("text", "is_true"), [("true", True), ("yes", True), ("no", False)])
def test_a_truth_value_is_taken_in_any_of_its_words(tmp_path: Path, text: str, is_true: bool):
    path = catalogue_file(tmp_path, ("{select: h2}", f"{{select: h2, required: {text}}}"))
    assert read_catalogue(path).fields["name"].required is is_true


@pytest.mark.parametrize("text", ["0", "1", "ja", "~", "2024-05-06"])
def test_what_is_neither_true_nor_false_is_a_mistake(tmp_path: Path, text: str):
    path = catalogue_file(tmp_path, ("{select: h2}", f"{{select: h2, required: {text}}}"))
    with pytest.raises(CatalogueError, match=r"fields\.name\.required .*line 9"):
        read_catalogue(path)


def test_nothing_is_taken_only_where_a_key_may_have_no_value(tmp_path: Path):
    path = catalogue_file(tmp_path, more="  politeness: {requests_per_second: ~}\n")
    assert read_catalogue(path).politeness.requests_per_second is None
    with pytest.raises(CatalogueError, match=r"concurrency .*it holds nothing"):
        read_catalogue(catalogue_file(tmp_path, more="  politeness:\n    concurrency:\n"))


def test_a_limit_is_not_switched_off_by_a_value_that_was_forgotten(tmp_path: Path):
    more = "  politeness:\n    requests_per_second:\n"
    with pytest.raises(
        CatalogueError, match=r"requests_per_second .*line 11.*null to switch it off"
    ):
        read_catalogue(catalogue_file(tmp_path, more=more))
    assert read_catalogue(catalogue_file(tmp_path, more="  login:\n")).login is None


@pytest.mark.parametrize(
    ("kind", "text"), [("integer", "0150"), ("integer", "12:30"), ("number", "1_000")]
)
def test_a_mapped_number_has_one_reading_or_is_a_mistake(tmp_path: Path, kind: str, text: str):
    field = f"{{select: h2, type: {kind}, values: {{a: {text}}}}}"
    with pytest.raises(CatalogueError, match=rf"values\.a .*: '{text}' is no"):
        read_catalogue(catalogue_file(tmp_path, ("{select: h2}", field)))


def test_two_texts_that_are_one_when_folded_are_not_both_mapped(tmp_path: Path):
    field = "{select: h2, values: {'in stock': a, 'in  stock': b}}"
    with pytest.raises(CatalogueError, match="the same once their white space is folded"):
        read_catalogue(catalogue_file(tmp_path, ("{select: h2}", field)))


@pytest.mark.parametrize("change", [{"last_page": True}, {"politeness": {"concurrency": True}}])
def test_a_truth_value_is_no_number(change: dict[str, Any]):
    with pytest.raises(CatalogueError, match="true is no number"):
        catalogue_from_attributes("shop", attributes(**change))
