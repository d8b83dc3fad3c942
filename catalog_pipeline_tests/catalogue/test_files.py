"""Catalogues in their files: found, read, overridden, and their mistakes with line numbers."""

import pytest
import yaml

from catalog_pipeline.catalogue.files import load_catalogue, read_catalogue, with_base_url
from catalog_pipeline.catalogue.finding import catalogue_files
from catalog_pipeline.errors import CatalogueError, UsageError
from catalog_pipeline_tests.catalogue.attributes import attributes


@pytest.fixture
def write(tmp_path):
    def _write(name: str, text: str | None = None, **changes):
        folder = tmp_path / name
        folder.mkdir()
        content = text or yaml.safe_dump({"type": "x.Y", "attributes": attributes(**changes)})
        (folder / "defs.yaml").write_text(content, encoding="utf-8")
        return folder / "defs.yaml"

    return _write


def _environ(tmp_path, **more):
    return {"CATALOG_PIPELINE_DEFS": str(tmp_path), **more}


def test_a_folder_of_ones_own_adds_catalogues(tmp_path, write):
    write("my_shop", description="Mine")
    assert {"my_shop", "sandbox"} <= set(catalogue_files(_environ(tmp_path)))
    assert load_catalogue("my_shop", _environ(tmp_path)).description == "Mine"


def test_two_catalogues_of_one_name_are_refused(tmp_path, write):
    write("sandbox")
    with pytest.raises(CatalogueError, match=r"both .* describe it"):
        catalogue_files(_environ(tmp_path))


def test_an_unknown_catalogue_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match=r"no catalogue 'shop'.*sandbox"):
        load_catalogue("shop", {})


def test_the_environment_overrides_the_address(tmp_path, write):
    write("my_shop", practice_shop={"pages": 3})
    address = "http://127.0.0.1:9999"
    shop = load_catalogue("my_shop", _environ(tmp_path, CATALOG_PIPELINE_MY_SHOP_BASE_URL=address))
    assert (shop.base_url, shop.practice_shop) == (address, None)


def test_a_bad_address_to_override_with_is_refused(write):
    with pytest.raises(UsageError, match="Base URL of shop"):
        with_base_url(read_catalogue(write("shop")), "nowhere")


def test_a_mistake_is_reported_with_its_line(write):
    text = "\n".join(
        [
            "type: x.Y",
            "attributes:",
            "  base_url: https://shop.example",
            "  page_url: /{page}",
            "  last_page: 3",
            "  product: p",
            "  key: name",
            "  fields:",
            "    name:",
            "      select: a",
            "      colour: red",
        ]
    )
    path = write("shop", text)
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(path)
    assert caught.value.field == f"fields.name.colour ({path}, line 11)"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "not readable as YAML"),
        ("a: {select: a[rel=next]}", "a text that holds one of these stands in quotes"),
        ("- a", "no attributes"),
        ("type: x.Y", "no attributes"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(write, text, problem):
    with pytest.raises(CatalogueError, match=problem):
        read_catalogue(write("shop", text))


@pytest.mark.parametrize(
    "content",
    [
        b"attributes: \xff",
        b"attributes: " + b"[" * 5000,
        b"attributes: {description: \x00}",
        b"attributes: {1: 2}",
        b"attributes: {name: shop}",
        b"attributes: [1]",
        b"",
    ],
    ids=["no UTF-8", "nested", "NUL", "number as key", "a name", "a list", "nothing"],
)
def test_a_file_that_holds_something_else_is_a_mistake_of_its_catalogue(tmp_path, content):
    path = tmp_path / "shop" / "defs.yaml"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CatalogueError, match="Catalogue shop, "):
        read_catalogue(path)


def test_a_file_that_cannot_be_read_is_a_mistake_of_its_catalogue(tmp_path):
    path = tmp_path / "shop" / "defs.yaml"
    path.mkdir(parents=True)
    with pytest.raises(CatalogueError, match="Catalogue shop, "):
        read_catalogue(path)
