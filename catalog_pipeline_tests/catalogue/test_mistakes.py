"""All mistakes of a YAML at once, each with its line, misspelt keys before what they cause."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.catalogue.files import catalogue_from_attributes, read_catalogue
from catalog_pipeline.catalogue.length import OpenLength
from catalog_pipeline.catalogue.mistakes import nearest
from catalog_pipeline.catalogue.model import CatalogueAttributes
from catalog_pipeline.catalogue.sections import keys_of
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.catalogue.files_of_texts import catalogue_file


def _mistakes(path: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(path)
    return [(each.field, each.line, each.problem) for each in caught.value.mistakes]


def test_a_misspelt_key_is_named_and_not_what_is_missing_because_of_it(tmp_path: Path):
    path = catalogue_file(tmp_path, ("select", "selct"), ("last_page", "LastPage"))
    assert _mistakes(path) == [
        ("fields.name.selct", 9, "there is no such key; did you mean select"),
        ("LastPage", 5, "there is no such key; did you mean last_page"),
    ]


def test_all_mistakes_are_named_misspelt_keys_first(tmp_path: Path):
    path = catalogue_file(
        tmp_path,
        ("base_url: https://shop.example", "base_url: shop"),
        ("last_page: 9", "last_page: yes"),
        more="  politeness: {concurency: 3, max_attempts: 0}\n  politeness: {}\nowner: me\n",
    )
    fields = [(field, line) for field, line, _ in _mistakes(path)]
    assert fields == [
        ("politeness", 11),
        ("owner", 12),
        ("politeness.concurency", 10),
        ("base_url", 3),
        ("last_page", 5),
        ("politeness.max_attempts", 10),
    ]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("politeness", "it stands beside attributes; indent it"),
        ("schedule", "it stands beside attributes; indent it"),
        ("attribute", "did you mean attributes"),
        ("postprocessing", "did you mean post_processing"),
        ("colour", "there is no such key"),
    ],
)
def test_a_key_beside_attributes_that_no_component_has_is_a_mistake(
    tmp_path: Path, key: str, problem: str
):
    (found,) = _mistakes(catalogue_file(tmp_path, more=f"{key}: {{}}\n"))
    assert (found[0], found[1]) == (key, 10)
    assert problem in found[2]


def test_a_key_that_holds_dots_has_its_own_line(tmp_path: Path):
    path = catalogue_file(tmp_path, more="    a.b:\n      selct: h3\n")
    (found,) = _mistakes(path)
    assert found[:2] == ("fields.a.b.selct", 11)


def test_a_key_in_the_wrong_section_is_sent_to_the_right_one(tmp_path: Path):
    (found,) = _mistakes(catalogue_file(tmp_path, more="  max_redirects: 3\n"))
    assert found == ("max_redirects", 10, "there is no such key here; it belongs in limits")


def test_a_mistake_in_a_login_is_held_to_the_keys_of_its_kind(tmp_path: Path):
    login = "  login: {kind: basic, usrname_env: A, password_env: B}\n"
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(catalogue_file(tmp_path, more=login))
    (mistake,) = caught.value.mistakes
    assert (mistake.field, mistake.line) == ("login.usrname_env", 10)
    assert mistake.allowed == "kind, username_env, password_env"


def test_a_text_that_may_be_a_section_is_one_mistake_and_not_two(tmp_path: Path):
    path = catalogue_file(tmp_path, more="  headers: {X: ä}\n  cookies: {a: b c}\n")
    assert [(field, line) for field, line, _ in _mistakes(path)] == [
        ("headers.X", 10),
        ("cookies.a", 11),
    ]


def test_the_text_names_each_mistake_in_a_line_of_its_own(tmp_path: Path):
    path = catalogue_file(tmp_path, ("select", "selct"), ("last_page: 9", "last_page: yes"))
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(path)
    first, more, second = str(caught.value).splitlines()
    assert first.startswith(f"Catalogue shop, fields.name.selct ({path}, line 9): ")
    assert more == "1 more:"
    assert second.startswith(f"  last_page ({path}, line 5): 'yes' is no whole number")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("Base-URL", "base_url"), ("keys", "key"), ("feilds", "fields"), ("colour", None)],
)
def test_the_nearest_word_is_the_one_that_was_probably_meant(word: str, meant: str | None):
    assert nearest(word, ["base_url", "key", "fields", "product"]) == meant


def _said(**changes: object) -> list[str]:
    with pytest.raises(CatalogueError) as refused:
        catalogue_from_attributes("shop", attributes(**changes))
    return [str(mistake) for mistake in refused.value.mistakes]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pages": "told"}, "pages: told needs more than its name; write {kind: told, last: "),
        ({"pages": "linked"}, "pages: linked needs more than its name; write {kind: linked, next"),
        ({"pages": "fixed"}, "pages: fixed needs more than its name; write {kind: fixed, last"),
        ({"pages": "opn"}, "pages: 'opn' is no kind of length; write open, or"),
        ({"pages": 50}, "pages: a number alone is last_page: 50"),
        ({"pages": {"last": 5}}, "pages.kind: it is required, and missing. Allowed: fixed, open"),
        ({"pages": {"kind": "opn"}}, "pages.kind: there is no kind opn; did you mean open. Allo"),
        ({"pages": ["open"]}, "pages: it is a section with keys of its own, and not one value"),
        ({"login": "basic"}, "login: it is a section with keys of its own, and not one value"),
        ({"login": {"kind": "frm"}}, "login.kind: there is no kind frm; did you mean form. All"),
        ({"login": {"page": "/l"}}, "login.kind: it is required, and missing. Allowed: form, "),
        ({"records": "json"}, "records: it is a section with keys of its own, and not one value"),
        ({"total": ".sum"}, "total: it is a section with keys of its own, and not one value. All"),
        ({"listings": {"a": 5}}, "listings.a: it is a section with keys of its own, and not one"),
        ({"fields": "name"}, "fields: it is a section of names with a value each, and not one"),
        ({"fields": {"name": 5}}, "fields.name: it is a section with keys of its own, and not o"),
        ({"key": 5}, "key: it is a text, or a list of texts."),
        ({"headers": {"A": {"x": 1, "env": "B"}}}, "headers.A.x: there is no such key. Allowed: e"),
    ],
)
def test_what_has_another_form_than_its_key_wants_is_told_what_to_write(
    changes: dict[str, object], said: str
):
    last = None if "pages" in changes or "listings" in changes else 9
    (mistake,) = _said(**{"last_page": last, **changes})
    assert mistake.startswith(said)


def test_a_kind_that_needs_nothing_else_may_stand_alone():
    catalogue = catalogue_from_attributes("shop", attributes(last_page=None, pages="open"))
    assert catalogue.found_length == OpenLength(kind="open")


def test_a_wrong_shape_hides_no_part_that_disagrees_with_others(tmp_path: Path):
    path = catalogue_file(
        tmp_path,
        ("key: name", "key: sku"),
        more="  politeness: {concurrency: -1}\n"
        "  exports: {to: postgres, url_env: DWH, mode: merge, key: colour}\n"
        "  checks: {stock: {minimum: 1}}\n",
    )
    assert {field.split(".")[0] for field, _, _ in _mistakes(path)} == {
        "politeness", "key", "exports", "checks",
    }  # fmt: skip


def test_a_wrong_field_hides_no_part_that_is_about_others(tmp_path: Path):
    path = catalogue_file(
        tmp_path,
        ("key: name", "key: sku"),
        ("h2}", "h2}\n    price: {select: i, type: munny}"),
        more="  checks: {price: {minimum: 1}, stock: {minimum: 1}}\n",
    )
    found = _mistakes(path)
    assert [field for field, _, _ in found][:2] == ["fields.price.type", "key"]
    assert not any("price" in problem.partition(";")[0] for _, _, problem in found)


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"fields": {"name": {"select": "a", "type": "munny"}}}, "money"),
        ({"fields": {"name": {"select": "a", "nth": "lst"}}}, "last"),
        ({"fields": {"name": {"select": "a", "on_invalid": "discard_rows"}}}, "discard_row"),
        ({"records": {"from": "jsn", "path": "a"}}, "json"),
        ({"exports": {"to": "cvs"}}, "csv"),
        ({"exports": [{"to": "csv", "what": "histroy"}]}, "history"),
        ({"checks": {"on_failure": "keep_table"}}, "keep_old_table"),
        ({"key": "nmae"}, "name"),
        ({"history": {"track": ["prize"]}}, "price"),
        ({"checks": {"filled": {"prize": "9%"}}}, "price"),
        ({"history": True, "notify": {"to": "A", "rules": "prize falls"}}, "price"),
        ({"last_page": None, "pages": "tld"}, "told"),
    ],
)
def test_a_word_that_is_none_of_those_allowed_is_told_with_the_nearest_one(
    changes: dict[str, object], meant: str
):
    assert f"; did you mean {meant}" in "\n".join(_said(**changes))


BARE = dict.fromkeys(("page_url", "last_page", "product", "key", "fields"))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({**BARE, "preset": "shopfy"}, ["preset"]),
        (
            {
                "records": {"from": "jsn", "path": "a"},
                "fields": {"name": {"json": "a"}},
                "product": None,
            },
            ["records.from"],
        ),
        (
            {
                "fields": {"name": {"selct": "h2"}, "price": "b"},
                "checks": {"price": {"one_of": ["1"]}},
            },
            ["fields.name.selct"],
        ),
        (
            {
                "listings": {"a": {"last": 3}, "b": {"last_page": 2}},
                "last_page": None,
                "page_url": "/{listing}/{page}",
            },
            ["listings.a.last"],
        ),
        (
            {"history": {"trak": "price"}, "exports": {"to": "csv", "what": "history"}},
            ["history.trak"],
        ),
        ({"history": "maybe", "exports": {"to": "csv", "what": "history"}}, ["history"]),
        ({"pages": {"kind": "tld"}, "last_page": None, "step": 20}, ["pages.kind"]),
        ({"coverage": {"minimum_rows": "x", "maximum_rows": 0}}, ["coverage.minimum_rows"]),
        (
            {"fields": {"name": "h2", "price": {"select": "b", "type": "mny", "currency": "USD"}}},
            ["fields.price.type"],
        ),
        ({"base_url": "shop", "mirrors": ["https://a.example"]}, ["base_url"]),
        (
            {"fields": 5, "history": {"track": "price"}, "checks": {"price": {"minimum": 1}}},
            ["fields"],
        ),
        ({"key": 5, "history": {"track": "name"}}, ["key"]),
    ],
)
def test_what_follows_from_one_mistake_is_none_of_its_own(
    changes: dict[str, object], fields: list[str]
):
    assert [said.partition(": ")[0] for said in _said(**changes)] == fields


def test_what_follows_from_a_variable_that_is_not_set_is_no_mistake_of_its_own(tmp_path: Path):
    path = catalogue_file(
        tmp_path, ("/list?page={page}", "'{{ env.NOT_SET_HERE }}'"), ("  last_page: 9\n", "")
    )
    problem = "the environment variable NOT_SET_HERE is not set"
    assert _mistakes(path) == [("page_url", 4, problem)]


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(keys_of([CatalogueAttributes])),
        st.recursive(
            st.sampled_from(["", "h2[", "name", "price", "json", "/{page}", "9"]) | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["select", "selct", "type", "kind", "from", "name", "to", "rules"]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_whatever_is_written_its_mistakes_are_told(changes: dict[str, object]):
    try:
        catalogue_from_attributes("shop", {**attributes(), **changes})
    except CatalogueError as error:
        told = [(each.field, each.problem) for each in error.mistakes]
        assert len(told) == len(set(told))
