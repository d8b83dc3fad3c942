"""The rules of the code base: imports go one way, every module says what it is and stays small."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "catalog_pipeline"
MODULES = sorted(PACKAGE.rglob("*.py"))

LAYERS = [
    {
        "errors",
        "records",
        "showing",
        "verdict",
        "wording",
        "catalogue",
        "places",
        "home_settings",
        "system",
        "pushback",
    },
    {"reading", "storing"},
    {"fetching", "tables", "sandbox", "notices"},
    {"crawling", "report"},
    {"orchestration"},
    {"definitions"},
    {"cli"},
]
"""Lower layers first; a module may import from its own layer and from those before it."""

ROOMS = {
    "crawling": ["working", "scheduling"],
    "orchestration": ["instance", "checkpoints", "runs", "definitions", "commands"],
}
"""The rooms of a part, lower ones first: a room may import from itself and from those before it."""

FORMER_NAMES = {"component.py", "event_log.py", "launcher.py", "pooled_storage.py"}
"""Modules of `orchestration` that only keep a name which files of release 1.0 hold."""

LIGHT = {
    f"catalog_pipeline.orchestration.commands.{name}" for name in ("request", "result", "spectator")
}
"""What the command line may import of `orchestration` before it needs Dagster."""

PRIVATE_DAGSTER = "orchestration/instance"

OWNERS = {
    "dagster": {"orchestration", "definitions", "cli"},
    "dagster_shared": {"orchestration"},
    "requests": {"fetching"},
    "urllib3": {"fetching"},
    "lxml": {"reading"},
    "pandas": {"tables"},
    "pyarrow": {"tables"},
    "psycopg": {"tables"},
    "psycopg2": {"orchestration"},
    "dagster_postgres": {"orchestration"},
    "dagster_celery": {"orchestration"},
    "celery": {"orchestration"},
    "apprise": {"notices"},
    "obstore": {"storing"},
    "bokeh": {"report"},
    "click": {"cli"},
    "rich": {"cli"},
    "starlette": {"sandbox", "orchestration"},
    "uvicorn": {"sandbox", "orchestration"},
    "graphql": {"orchestration"},
}
"""Which parts of the package may import a library; others are free."""


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


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


@cache
def _imports_of(path: Path, *, at_import_time: bool = False) -> tuple[str, ...]:
    return tuple(_imports(_tree(path), at_import_time=at_import_time))


def _ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_each_module_says_what_it_is_and_keeps_to_its_layer():
    assert [f"{_ids(path)}: {wrong}" for path in MODULES for wrong in _wrong_with(path)] == []


def _wrong_with(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if not ast.get_docstring(_tree(path)):
        yield "a module opens with what belongs in it"
    if text.count("\n") > 250:
        yield "a module has at most 250 lines"
    part = _part(path)
    if part == "__init__":
        return
    level = next(n for n, layer in enumerate(LAYERS) if part in layer)
    allowed = set().union(*LAYERS[: level + 1])
    for name in _imports_of(path):
        library, *inner = name.split(".")
        if library == "catalog_pipeline" and inner and inner[0] not in allowed:
            yield f"{part} imports {name}, which is above it"
        if part not in OWNERS.get(library, {part}):
            yield f"{library} is not for {part}"


def _docstrings(tree: ast.AST) -> Iterator[str]:
    """Docstrings of whatever has one, also the texts below constants and attributes."""
    for node in ast.walk(tree):
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                yield str(each.value.value)


_RAISED = re.compile(r"    [a-zA-Z.]+(, [a-zA-Z.]+)*: \S|        +\S")
"""A line of a `Raises:` section: which errors, and when; or how that goes on."""


def _breaches(docstring: str) -> Iterator[str]:
    told, _, raised = f"\n\n{inspect.cleandoc(docstring)}".partition("\n\nRaises:\n")
    if "``" in docstring:
        yield "code is between single backticks"
    if re.search(r"\braises?\b", told, re.I):
        yield "errors are named in a section `Raises:`"
    if re.search(r"^ *(:\w+|Args:|Returns:|Yields:)", told, re.M):
        yield "of arguments and what is returned it speaks in prose"
    yield from (
        f"ends with `Raises:`, not {x!r}" for x in raised.splitlines() if not _RAISED.match(x)
    )


def test_docstrings_are_of_one_dialect():
    breaches = {
        (_ids(path), docstring.strip().splitlines()[0], breach)
        for path in MODULES
        for docstring in _docstrings(_tree(path))
        for breach in _breaches(docstring)
    }
    assert not breaches


def test_private_dagster_is_used_in_one_room():
    elsewhere = [path for path in MODULES if not path.is_relative_to(PACKAGE / PRIVATE_DAGSTER)]
    names = [(_ids(path), name) for path in elsewhere for name in _imports_of(path)]
    assert [each for each in names if re.match(r"dagster\w*\.(?:\w+\.)*_", each[1])] == []


@pytest.mark.parametrize("part", ROOMS)
def test_every_room_has_its_place(part: str):
    folders = {path.parent.name for path in (PACKAGE / part).glob("*/*.py")}
    assert folders == set(ROOMS[part])


@pytest.mark.parametrize("part", ROOMS)
def test_arrows_between_rooms_go_one_way(part: str):
    paths = [path for path in MODULES if _part(path) == part]
    assert [f"{_ids(path)}: {wrong}" for path in paths for wrong in _wrong_arrows(part, path)] == []


def _wrong_arrows(part: str, path: Path) -> Iterator[str]:
    rooms = ROOMS[part]
    room = path.relative_to(PACKAGE).parts[1]
    for name in _imports_of(path):
        target = name.removeprefix(f"catalog_pipeline.{part}.").split(".", 1)[0]
        if not name.startswith(f"catalog_pipeline.{part}.") or target not in rooms:
            continue
        if room in rooms:
            if rooms.index(target) > rooms.index(room):
                yield f"{room} imports {name}"
        elif part == "orchestration" and room not in FORMER_NAMES:
            yield f"{room}, which all rooms use, imports {name}"


def test_no_module_needs_itself():
    graph = {
        _module(path): {
            known
            for name in _imports_of(path, at_import_time=True)
            for known in (name, name.rpartition(".")[0])
            if name.startswith("catalog_pipeline.")
        }
        for path in MODULES
    }
    TopologicalSorter(graph).prepare()


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if _part(path) == "cli" or _module(path) in LIGHT],
    ids=_ids,
)
def test_the_command_line_imports_dagster_only_when_it_is_needed(path: Path):
    late = {"dagster", "pandas", "pyarrow"}
    names = set(_imports_of(path, at_import_time=True))
    assert not {name for name in names if name.split(".")[0] in late}
    heavy = [name for name in names if name.startswith("catalog_pipeline.orchestration")]
    assert not [name for name in heavy if name.rpartition(".")[0] not in LIGHT]


def test_a_crawl_does_not_wait_for_what_only_its_workers_or_its_table_need():
    paths = {_module(path): path for path in MODULES}
    left = ["catalog_pipeline.orchestration.commands.crawl_and_build"]
    seen: set[str] = set()
    found: set[str] = set()
    while left:
        module = left.pop()
        names = set(_imports_of(paths[module], at_import_time=True))
        found |= {name.split(".")[0] for name in names}
        ours = {each for name in names for each in (name, name.rpartition(".")[0]) if each in paths}
        left += ours - seen
        seen |= ours
    assert len(seen) > 100
    assert not found & {"pandas", "numpy", "pyarrow", "requests", "urllib3"}


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=_ids)
def test_the_map_of_a_package_names_what_is_there(path: Path):
    tree = _tree(path)
    named = re.findall(r"`([a-z_.]+)`", ast.get_docstring(tree) or "")
    here = {each.stem for each in path.parent.iterdir()}
    strange = {name for name in named if not {name, name.split(".")[0]} & here}
    assert strange <= {"catalog-pipeline", "run", "type", "dagster.yaml"}
    assert path.parent == PACKAGE or named, "a map names the modules to begin with"


def test_what_an_extra_brings_for_postgresql_is_imported_in_one_room():
    room = "catalog_pipeline.orchestration.instance.postgres."
    elsewhere = [path for path in MODULES if path.parent.name != "postgres"]
    names = {name for path in elsewhere for name in _imports_of(path, at_import_time=True)}
    of_extra = ("dagster_postgres", "psycopg2", room)
    found = {name for name in names if name.startswith(of_extra)}
    assert {name.rpartition(".")[0] for name in found} == {f"{room}address"}


def test_every_part_has_its_layer():
    parts = {_part(path) for path in MODULES} - {"__init__"}
    assert parts == set().union(*LAYERS)


def test_whatever_is_imported_is_declared_as_a_dependency():
    settings = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")
    block = settings.split("\ndependencies = [")[1].split("\n]")[0]
    declared = set(re.findall(r'^ +"([a-z0-9-]+)', block, re.MULTILINE))
    for extra in ("xlsx", "duckdb", "postgres", "objects", "celery"):
        of_extra = settings.split(f"\n{extra} = [")[1].split("]\n")[0]
        declared |= set(re.findall(r'"([a-z0-9-]+)', of_extra))
    imported = {name.split(".")[0] for path in MODULES for name in _imports_of(path)}
    foreign = imported - set(sys.stdlib_module_names) - {"catalog_pipeline"}
    distributions = {OTHER_NAMES.get(name, name.replace("_", "-")) for name in foreign - COME_ALONG}
    assert distributions <= declared


OTHER_NAMES = {
    "dotenv": "python-dotenv",
    "yaml": "pyyaml",
    "dateutil": "python-dateutil",
    "psycopg2": "psycopg2-binary",
}
"""What those distributions are called whose package has another name."""

COME_ALONG = {"dagster_shared", "graphql", "sqlalchemy", "alembic", "grpc", "numpy", "kombu"}
"""Parts of the interfaces of Dagster and pandas, in the versions that they ask for."""
