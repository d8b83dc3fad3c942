"""Which files are catalogues: at any depth, by each name that Dagster reads, or passed over."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE, find_catalogues
from catalog_pipeline.catalogue.project import BUNDLED_VARIABLE, PROJECT_VARIABLE
from catalog_pipeline.errors import UsageError
from catalog_pipeline_tests.catalogue.files_of_texts import SMALL

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file below the folder of catalogues."""

    def _write(name: str, text: str = SMALL) -> Path:
        path = tmp_path / "shops" / "defs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def _own(tmp_path: Path) -> dict[str, str]:
    return {EXTRA_FOLDER_VARIABLE: str(tmp_path / "shops" / "defs")}


@pytest.fixture
def project(tmp_path: Path) -> dict[str, str]:
    """The environment within a project whose definitions are where `write` writes."""
    text = 'directory_type = "project"\n[project]\nroot_module = "shops"\n'
    (tmp_path / "dg.toml").write_text(text)
    return {PROJECT_VARIABLE: str(tmp_path)}


@pytest.mark.parametrize("name", ["a/defs.yaml", "a/defs.yml", "deep/er/a/defs.yaml", "defs.yaml"])
def test_a_catalogue_is_taken_at_any_depth_and_under_the_names_that_dagster_reads(
    tmp_path: Path, write: Write, name: str
):
    path = write(name)
    assert find_catalogues(_own(tmp_path)).files[path.parent.name] == path


@pytest.mark.parametrize("name", ["a.yaml", "a/catalogue.yaml", "a/defs.yaml.yml"])
def test_a_catalogue_under_another_name_is_named_as_ignored(
    tmp_path: Path, write: Write, name: str
):
    path = write(name)
    found = find_catalogues(_own(tmp_path))
    assert path not in found.files.values()
    (sentence,) = found.ignored
    assert str(path) in sentence
    assert "it must be named defs.yaml" in sentence
    with pytest.raises(UsageError, match=r"it must be named defs\.yaml"):
        load_catalogue("a", _own(tmp_path))


def test_of_two_files_in_a_folder_dagsters_choice_is_taken_and_the_other_named(
    tmp_path: Path, write: Write
):
    taken, other = write("a/defs.yaml"), write("a/defs.yml")
    found = find_catalogues(_own(tmp_path))
    assert found.files["a"] == taken
    assert found.ignored == (
        f"{other} describes a catalogue and is ignored: defs.yaml is beside it.",
    )


def test_a_catalogue_below_anothers_folder_is_named_as_ignored(tmp_path: Path, write: Write):
    write("a/defs.yaml")
    inner = write("a/b/defs.yaml")
    found = find_catalogues(_own(tmp_path))
    assert "b" not in found.files
    assert str(inner) in found.ignored[0]


def test_folders_that_dagster_skips_are_skipped(tmp_path: Path, write: Write):
    write(".git/a/defs.yaml")
    write("__pycache__/b/defs.yaml")
    assert not find_catalogues(_own(tmp_path)).files.keys() & {"a", "b"}


def test_a_link_to_a_folder_above_is_followed_once(tmp_path: Path, write: Write):
    path = write("a/defs.yaml")
    (path.parent / "again").symlink_to(tmp_path / "shops" / "defs")
    assert find_catalogues(_own(tmp_path)).files["a"] == path


def test_a_link_to_another_folder_is_a_catalogue_under_the_links_name(tmp_path: Path, write: Write):
    path = write("a/defs.yaml")
    link = path.parent.with_name("b")
    link.symlink_to("a")
    files = find_catalogues(_own(tmp_path)).files
    assert (files["a"], files["b"]) == (path, link / "defs.yaml")


def test_in_a_project_its_catalogues_alone_are_found(write: Write, project: dict[str, str]):
    write("eu/a/defs.yaml")
    write("other/defs.yaml", "type: elsewhere.Component\nattributes: {a: 1}\n")
    write("defs.yaml", "type: dagster.DefsFolderComponent\n")
    assert list(find_catalogues(project).files) == ["a"]


def test_the_bundled_ones_are_there_when_asked_for(write: Write, project: dict[str, str]):
    write("a/defs.yaml")
    names = find_catalogues({**project, BUNDLED_VARIABLE: "1"}).files
    assert {"a", "sandbox"} <= names.keys()


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path):
    with pytest.raises(UsageError, match=r"CATALOG_PIPELINE_DEFS is .* no folder is there"):
        find_catalogues({EXTRA_FOLDER_VARIABLE: str(tmp_path / "nowhere")})


@pytest.mark.parametrize("name", ["CATALOG_PIPELINE_DEF", "CATALOGUE_PIPELINE_DEFS"])
def test_a_misspelt_variable_is_named_as_ignored(name: str):
    assert f"{name} is ignored; did you mean CATALOG_PIPELINE_DEFS" in " ".join(
        find_catalogues({name: "/shops", "CATALOG_PIPELINE_SHOP_BASE_URL": "x"}).ignored
    )
