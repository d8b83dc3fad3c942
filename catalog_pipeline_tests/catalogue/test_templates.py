"""Templates in a YAML: filled in from the environment, or refused with a sentence."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.site import bundled_attributes

ENVIRON = {"SHOP_URL": "https://shop.example/de", "PAGES": "7", "COUNTRY": "NO", "EMPTY": ""}


def _read(folder: Path, environ: dict[str, str], **changes: Any) -> Catalogue:
    beside: dict[str, object] = {
        key: changes.pop(key) for key in ("requirements", "post_processing") if key in changes
    }
    attributes = {**bundled_attributes("sandbox"), **changes}
    file = folder / "shop" / "defs.yaml"
    file.parent.mkdir()
    document = {"type": "catalog_pipeline.CatalogueComponent", "attributes": attributes}
    file.write_text(yaml.safe_dump(document | beside))
    return read_catalogue(file, environ)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("base_url", "{{ env.SHOP_URL }}", "https://shop.example/de"),
        ("base_url", "{{env.SHOP_URL}}/x", "https://shop.example/de/x"),
        ("base_url", "{{ env('SHOP_URL') }}", "https://shop.example/de"),
        ("base_url", "{{ env('OTHER_URL', 'http://127.0.0.1') }}", "http://127.0.0.1"),
        ("base_url", "{{ env('SHOP_URL', 'http://127.0.0.1') }}", "https://shop.example/de"),
        ("description", "{{ env.COUNTRY }}", "NO"),
        ("description", "{{ env.PAGES }}", "7"),
        ("description", "{{ env.EMPTY }}", ""),
        ("description", "{% if env.COUNTRY == 'NO' %}Norge{% endif %}", "Norge"),
        ("description", "{{ env.COUNTRY | lower }}", "no"),
        ("description", "a { b } }} {# c #}", "a { b } }} {# c #}"),
        ("last_page", "{{ env.PAGES }}", 7),
    ],
)
def test_a_template_of_the_environment_means_what_it_gives(
    tmp_path: Path, key: str, text: str, value: object
):
    assert getattr(_read(tmp_path, ENVIRON, **{key: text}), key) == value


def test_templates_are_filled_in_at_any_depth(tmp_path: Path):
    catalogue = _read(
        tmp_path,
        ENVIRON,
        fields={"name": {"select": ["{{ env.COUNTRY }}", "h2"]}},
        key="name",
        politeness={"concurrency": "{{ env.PAGES }}"},
        tags={"country": "{{ env.COUNTRY }}"},
    )
    assert catalogue.fields["name"].select == ("NO", "h2")
    assert catalogue.politeness.concurrency == 7
    assert catalogue.tags == {"country": "NO"}


def _changed(**attributes: Any) -> dict[str, Any]:
    return {"post_processing": {"assets": [{"target": "*", "attributes": attributes}]}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"base_url": "{{ env.NOWHERE }}"},
            r"base_url .*line 2\): the environment variable NOWHERE",
        ),
        ({"description": "{{ env('NOWHERE') }}"}, "variable NOWHERE is not set"),
        ({"base_url": "{{ my_url }}"}, "the command knows env alone, as in .* not my_url"),
        ({"description": "{{ dg.AutomationCondition.eager() }}"}, "and not dg"),
        ({"description": "{{ env['PAGES'] }}"}, "write env.NAME"),
        ({"description": "{{ env.PAGES + }}"}, "cannot be filled in"),
        ({"description": "{{ env.SHOP_PASSWORD }}"}, "SHOP_PASSWORD looks like a credential"),
        ({"page_url": "/p?page={page}&t={{ env('API_KEY', 'x') }}"}, "API_KEY looks like a cred"),
        (
            {"description": "{{ env.PAGES }}", "login": {"kind": "bearer", "token_env": "PAGES"}},
            "PAGES looks like a credential",
        ),
        ({"last_page": "{{ env.COUNTRY }}"}, "last_page"),
        ({"requirements": {"env": ["PAGES", "NOWHERE"]}}, "requirements.env.1 .*NOWHERE is not"),
        ({"requirements": {"envs": ["PAGES"]}}, "requirements.envs .*did you mean env"),
        ({"requirements": ["PAGES"]}, "requirements .*no mapping"),
        ({"post_processing": {"asset": []}}, "did you mean assets"),
        (_changed(tag={"a": "b"}), "did you mean tags"),
        (_changed(partitions_def={"type": "daily"}), "partitions are the catalogue's pages"),
        (_changed(key_prefix="x"), "key_prefix .*cannot be changed"),
    ],
)
def test_what_cannot_be_honoured_is_refused(tmp_path: Path, changes: dict[str, Any], sentence: str):
    with pytest.raises(CatalogueError, match=sentence) as caught:
        _read(tmp_path, ENVIRON, **changes)
    assert len(caught.value.mistakes) == 1, "one mistake is named once"


@pytest.mark.parametrize(
    "value", ["hunter2 with \\ and 'quotes'", "https://user:hunter2@shop.example", "hunter2"]
)
@pytest.mark.parametrize("text", ["{{ env.SHOP_URL }}", "{{ env.SHOP_URL }}/x"])
def test_a_mistake_shows_the_template_and_not_its_value(tmp_path: Path, value: str, text: str):
    with pytest.raises(CatalogueError) as caught:
        _read(tmp_path, {"SHOP_URL": value}, base_url=text)
    assert "hunter2" not in str(caught.value)


def test_what_dagster_requires_and_changes_by_itself_is_no_mistake(tmp_path: Path):
    _read(
        tmp_path,
        ENVIRON,
        requirements={"env": ["PAGES"]},
        post_processing={"assets": [{"target": "*", "attributes": {"tags": {"a": "b"}}}]},
    )


def test_a_list_of_no_changes_is_no_mistake(tmp_path: Path):
    _read(tmp_path, ENVIRON, post_processing={"assets": None}, requirements={"env": []})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("'a' * 10**10", r"\* of what may be no number \(name\|int is one\)"),
        ("env.COUNTRY * 3", r"\* of what may be no number"),
        ("2 ** 3", r"\*\* has"),
        ("'%9999999999d' % 1", "% has"),
        ("range(10**9) | list", "the filter list"),
        ("range(100000)", r"range\(\)"),
        ("lipsum(1000000)", r"lipsum\(\)"),
        ("'a'.ljust(9999999999)", r"\.ljust\(\)"),
        ("env.COUNTRY['ljust'](9999999999)", r"\.ljust\(\)"),
        ("'{:>9999999999}'.format(1)", r"\.format\(\)"),
        ("(env.COUNTRY | string).encode('utf-8')", "a call of this kind"),
        ("env.COUNTRY | center(9999999999)", "the filter center"),
        ("env.COUNTRY | replace('', 'longer') | replace('', 'longer')", "the filter replace"),
        ("env.COUNTRY | replace('N', env.SHOP_URL)", "the filter replace"),
        ("pages.ljust(9999999999)", r"\.ljust\(\)"),
        ("pages['center'](9999999999)", r"\.center\(\)"),
        ("pages[env.COUNTRY](9999999999)", "a call of this kind"),
    ],
)
def test_what_may_fill_the_memory_is_refused_and_not_tried(tmp_path: Path, text: str, named: str):
    """Whoever fills in the names, which here nobody does."""
    with pytest.raises(CatalogueError) as caught:
        _read(tmp_path, ENVIRON, description=f"{{{{ {text} }}}}")
    assert re.search(f"{named}.* no place in a template", str(caught.value))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{% for a in [1] %}{% for b in [1] %}x{% endfor %}{% endfor %}", "{% for %}"),
        ("{% set a = 'aa' %}{% set a = a ~ a %}{{ a }}", "{% set %}"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% macro %}"),
        ("{% filter upper %}a{% endfilter %}", "{% filter %}"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deep"),
        ("{{ " + "not " * 5000 + "1 }}", "nested too deep"),
    ],
)
def test_programs_are_refused(tmp_path: Path, text: str, named: str):
    with pytest.raises(CatalogueError) as caught:
        _read(tmp_path, ENVIRON, description=text)
    assert named in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ env.PAGES | int * 2 + 1 }}", "15"),
        ("{% if env('OTHER', '') %}yes{% else %}no{% endif %}", "no"),
        ("{{ 'abroad' if env.COUNTRY != 'NO' else 'at home' }}", "at home"),
        ("{{ env.COUNTRY.lower() ~ '-' ~ env.PAGES }}", "no-7"),
        ("{{ env.SHOP_URL | replace('https', 'http') }}", "http://shop.example/de"),
        ("{{ env('OTHER', '') | default('none', true) }}", "none"),
        ("{% raw %}{{ 'a' * 9 }}{% endraw %}", "{{ 'a' * 9 }}"),
    ],
)
def test_what_is_no_longer_than_its_parts_is_filled_in(tmp_path: Path, text: str, value: str):
    assert _read(tmp_path, ENVIRON, description=text).description == value


def test_somebody_who_knows_more_names_fills_them_in(tmp_path: Path):
    file = tmp_path / "shop" / "defs.yaml"
    with pytest.raises(CatalogueError):
        _read(tmp_path, ENVIRON, last_page="{{ pages }}")
    assert read_catalogue(file, ENVIRON, lambda text: {"{{ pages }}": 9}[text]).last_page == 9


def test_a_component_that_there_is_not_is_named(tmp_path: Path):
    file = tmp_path / "shop" / "defs.yaml"
    file.parent.mkdir()
    attributes = bundled_attributes("sandbox")
    kind = "catalog_pipeline.CatalogComponent"
    file.write_text(yaml.safe_dump({"type": kind, "attributes": attributes}))
    with pytest.raises(CatalogueError, match=r"no component .*CatalogComponent"):
        read_catalogue(file, {})
