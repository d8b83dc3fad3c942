"""The rules of the code base: imports go one way, every module says what it is and stays small."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "catalog_pipeline"
MODULES = sorted(PACKAGE.rglob("*.py"))

LAYERS = [
    {"errors", "records", "catalogue", "places", "system"},
    {"reading", "storing"},
    {"fetching", "tables", "sandbox"},
    {"crawling"},
    {"orchestration"},
    {"definitions"},
    {"cli"},
]
"""Lower layers first; a module may import from its own layer and from those before it."""

OWNERS = {
    "dagster": {"orchestration", "definitions", "cli"},
    "dagster_shared": {"orchestration"},
    "requests": {"fetching"},
    "urllib3": {"fetching"},
    "lxml": {"reading"},
    "pandas": {"tables"},
    "pyarrow": {"tables"},
    "click": {"cli"},
    "rich": {"cli"},
    "starlette": {"sandbox"},
    "uvicorn": {"sandbox"},
}
"""Which parts of the package may import a library; others are free."""


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(tree: ast.AST, *, at_import_time: bool = False) -> Iterator[str]:
    """Names of imported modules; with `at_import_time` those outside functions and of types."""
    for node in ast.iter_child_nodes(tree):
        is_late = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        if at_import_time and is_late:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from _imports(node, at_import_time=at_import_time)


def _ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=_ids)
def test_each_module_says_what_it_is_and_keeps_to_its_layer(path: Path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module opens with what belongs in it"
    assert text.count("\n") <= 300
    part = _part(path)
    if part == "__init__":
        return
    level = next(n for n, layer in enumerate(LAYERS) if part in layer)
    allowed = set().union(*LAYERS[: level + 1])
    for name in _imports(tree):
        library, *inner = name.split(".")
        if library == "catalog_pipeline" and inner:
            assert inner[0] in allowed, f"{part} imports {name}, which is above it"
        assert part in OWNERS.get(library, {part}), f"{library} is not for {part}"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if _part(path) == "cli" and path.name != "crawl_session.py"],
    ids=_ids,
)
def test_the_command_line_imports_dagster_only_when_it_is_needed(path: Path):
    late = {"dagster", "pandas", "pyarrow"}
    names = set(_imports(ast.parse(path.read_text(encoding="utf-8")), at_import_time=True))
    assert not {name for name in names if name.split(".")[0] in late}
    heavy = ("catalog_pipeline.orchestration", "catalog_pipeline.cli.crawl_session")
    assert not [name for name in names if name.startswith(heavy)]


def test_every_part_has_its_layer():
    parts = {_part(path) for path in MODULES} - {"__init__"}
    assert parts == set().union(*LAYERS)


def test_whatever_is_imported_is_declared_as_a_dependency():
    settings = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")
    block = settings.split("\ndependencies = [")[1].split("\n]")[0]
    declared = set(re.findall(r'^ +"([a-z0-9-]+)', block, re.MULTILINE))
    imported = {
        name.split(".")[0]
        for path in MODULES
        for name in _imports(ast.parse(path.read_text(encoding="utf-8")))
    }
    foreign = imported - set(sys.stdlib_module_names) - {"catalog_pipeline"}
    distributions = {OTHER_NAMES.get(name, name.replace("_", "-")) for name in foreign - COME_ALONG}
    assert distributions <= declared


OTHER_NAMES = {"yaml": "pyyaml", "dateutil": "python-dateutil"}
"""What those distributions are called whose package has another name."""

COME_ALONG = {"dagster_shared", "sqlalchemy", "alembic", "grpc", "numpy"}
"""Parts of the interfaces of Dagster and pandas, in the versions that they ask for."""
