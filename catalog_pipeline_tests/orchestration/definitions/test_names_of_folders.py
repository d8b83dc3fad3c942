"""Folders of somebody else's project whose names are no catalogue's, or several catalogues'."""

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetNode

from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.files_of_texts import SMALL
from catalog_pipeline_tests.dg_project import DgProject, make_project

ODD_NAMES = ["Möbel", "電気", "my shop", "my-shop", "my.shop", "%", "a'b", "x" * 100, "9lives", "-"]
EU = f"{SMALL.rstrip()}\n  key_prefix: eu\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DgProject]:
    """An empty project that can be imported."""
    made = make_project(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield made
    for name in [name for name in sys.modules if name.split(".")[0] == "shops"]:
        del sys.modules[name]


def _write(project: DgProject, name: str, text: str = SMALL) -> Path:
    path = project.defs / name / "defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def _nodes(project: DgProject) -> dict[str, AssetNode]:
    definitions = dg.load_from_defs_folder(path_within_project=project.defs.parent)
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    return {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}


def _is_broken(node: AssetNode, sentence: str) -> bool:
    return node.kinds == {"broken"} and sentence in (node.description or "")


def test_a_folder_whose_name_is_none_is_told_and_leaves_the_others_as_they_are(project: DgProject):
    _write(project, "good")
    for name in ODD_NAMES:
        _write(project, name)
    nodes = _nodes(project)
    assert nodes["good/product_pages"].partitions_def is not None
    for name in ODD_NAMES:
        pages, table = (nodes[f"{name}/{part}"] for part in ("product_pages", "products"))
        assert _is_broken(table, "is no name for a catalogue; use a-z, 0-9 and _")
        assert table.parent_keys == {pages.key}


def test_the_longest_name_that_is_one_loads(project: DgProject):
    name = "x" * 63
    _write(project, name)
    assert _nodes(project)[f"{name}/products"].kinds == {"pandas", "parquet"}


@pytest.mark.parametrize(("first", "second"), [(SMALL, SMALL), (SMALL, EU), (EU, EU)])
def test_two_files_of_one_name_are_told_since_they_would_share_their_files(
    project: DgProject, monkeypatch: pytest.MonkeyPatch, first: str, second: str
):
    one, two = _write(project, "de/shop", first), _write(project, "uk/shop", second)
    _write(project, "good")
    nodes = _nodes(project)
    sentence = f"both {one} and {two} describe it"
    keys = {"eu/shop/products" if text == EU else "shop/products" for text in (first, second)}
    assert all(_is_broken(nodes[key], sentence) for key in keys)
    assert nodes["good/products"].kinds == {"pandas", "parquet"}
    monkeypatch.setenv("DAGSTER_IS_DEFS_VALIDATION_CLI", "1")
    with pytest.raises(Exception, match="Error while loading") as raised:
        _nodes(project)
    assert isinstance(raised.value.__cause__, CatalogueError)


def test_two_catalogues_in_one_file_are_told_and_leave_the_others_as_they_are(project: DgProject):
    _write(project, "twice", f"{SMALL}---\n{SMALL}")
    _write(project, "good")
    nodes = _nodes(project)
    assert _is_broken(nodes["twice/products"], "two catalogues in one file")
    assert nodes["good/products"].kinds == {"pandas", "parquet"}


def test_a_link_to_a_catalogue_under_the_same_name_is_that_catalogue(project: DgProject):
    path = _write(project, "shop")
    (project.defs / "uk").mkdir()
    (project.defs / "uk" / "shop").symlink_to(path.parent)
    assert _nodes(project)["shop/products"].kinds == {"pandas", "parquet"}


def test_a_catalogue_beside_one_of_another_name_is_nothing_of_the_kind(project: DgProject):
    _write(project, "shop")
    _write(project, "uk_shop", EU)
    kinds = {key: node.kinds for key, node in _nodes(project).items() if "products" in key}
    assert kinds["shop/products"] == kinds["eu/uk_shop/products"] == {"pandas", "parquet"}
