"""What the YAML may say of notices, and which mistakes in it are told before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.reference import examples
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import Site

SECRET = "mailto://shop:hunter2hunter2@mail.example"


def _catalogue(notify: Any, **changes: Any) -> Catalogue:
    given = attributes(notify=notify, **{"history": {"track": ["price"]}, **changes})
    return catalogue_from_attributes("shop", given)


def _problems(notify: Any, **changes: Any) -> dict[str, str]:
    with pytest.raises(CatalogueError) as told:
        _catalogue(notify, **changes)
    return {each.field: each.problem for each in told.value.mistakes}


def test_rules_and_their_addresses_are_said_in_short_or_at_length() -> None:
    notify = _catalogue(
        {"to": "$MAIL_URL", "rules": ["new", {"when": "crawl fails", "to": ["${PAGER}", "MAIL"]}]}
    ).notify
    assert notify is not None
    told = [(str(rule.condition), notify.addresses_of(rule)) for rule in notify.rules]
    assert told == [("new", ("MAIL_URL",)), ("crawl fails", ("PAGER", "MAIL"))]
    alone = _catalogue({"to": ["A", "$A"], "rules": "price falls 5%"}).notify
    assert alone is not None
    assert (alone.to, len(alone.rules)) == (("A",), 1)
    assert _catalogue(None).notify is None


@pytest.mark.parametrize("given", [SECRET, [SECRET], "${A", "A B", "$", "1A", "Ä", "A-B", ""])
def test_what_is_no_variables_name_is_refused_and_not_repeated(given: Any) -> None:
    for notify in (
        {"to": given, "rules": "new"},
        {"to": "A", "rules": [{"when": "new", "to": given}]},
    ):
        problems = _problems(notify)
        assert any("write its name here, such as `to: NOTIFY_URL`" in x for x in problems.values())
        assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    "notify",
    [
        {"to": "A", "rules": [SECRET]},
        {"to": "A", "rules": [f"crawl fails {SECRET}"]},
        {"to": "A", "rules": [f"check {SECRET} fails"]},
        {"to": "A", "rules": [{"when": "new", SECRET: 1}]},
        {"to": "A", "rules": ["new"], SECRET: 1},
    ],
)
def test_an_address_in_a_wrong_place_is_not_repeated(notify: Any) -> None:
    problems = _problems(notify)
    assert "address" in str(problems)
    assert "hunter2" not in str(problems)


def test_each_rule_that_cannot_come_about_is_told_with_its_place() -> None:
    rules = ["new", "new", "prise falls", "name changes", {"when": "fall"}, {"wen": "new"}]
    problems = _problems({"to": "A", "rules": rules[:4]})
    assert problems["notify.rules.1"].startswith("`new` is there twice")
    assert "did you mean price" in problems["notify.rules.2"]
    assert "the history does not follow name" in problems["notify.rules.3"]
    problems = _problems({"to": "A", "rules": rules})
    assert "is no rule" in problems["notify.rules.4"]
    assert "did you mean when" in problems["notify.rules.5.wen"]


def test_without_an_address_a_rule_or_a_history_it_says_so() -> None:
    assert "say under `to`" in _problems({"rules": "new"})["notify.rules.0"]
    assert "there is no rule" in _problems({"to": "A", "rules": []})["notify.rules"]
    assert "required" in _problems({"to": "A"})["notify.rules"]
    assert (
        "without `history`"
        in _problems({"to": "A", "rules": "new"}, history=None)["notify.rules.0"]
    )


def test_a_key_of_products_never_changes() -> None:
    problems = _problems({"to": "A", "rules": "name changes"}, history=True)
    assert "the history does not follow name" in problems["notify.rules.0"]


def test_notices_change_neither_pages_nor_table() -> None:
    with_notices, without = _catalogue({"to": "A", "rules": "new"}), _catalogue(None)
    assert with_notices.code_version == without.code_version
    assert with_notices.table_version == without.table_version


def test_the_example_of_the_reference_is_valid() -> None:
    found = examples()["attributes"]["notify"]
    assert _catalogue(found).notify is not None


def test_check_names_file_line_and_rule_and_knows_the_checks(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "json://host/")
    rules = ["crawl fails", "check pages_are_intact fails", "check rows_are_fresh fails"]
    site.write(notify={"to": "A", "rules": rules})
    (mistake,) = run("check", site.name, "--json").json
    assert mistake["key"] == "notify.rules.1"
    lines = (site.folder / site.name / "defs.yaml").read_text().splitlines()
    assert "pages_are_intact" in lines[mistake["line"] - 1]
    assert "did you mean stored_pages_are_intact" in mistake["problem"]
    assert "rows_are_fresh" in mistake["allowed"]
    site.write(notify={"to": "A", "rules": [rules[0], rules[2]]})
    assert run("check", site.name).code == 0
