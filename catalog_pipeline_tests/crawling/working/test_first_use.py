"""Libraries in C that many threads of a worker begin to use at the same time."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "catalog_pipeline"
USES = {
    "page_header": 60,
    "page_file": 30,
    "content_encodings": 15,
    "robots_txt": 20,
    "listing_in_utf_8": 15,
    "listing_in_gb18030": 15,
    "listing_in_windows_1252": 15,
}
"""What is used, and in how many processes: a race that was there crashed one in ten."""


@pytest.mark.processes
@pytest.mark.parametrize(("use", "processes"), USES.items())
def test_threads_that_begin_at_once_do_not_crash_the_process(use: str, processes: int):
    module = "catalog_pipeline_tests.crawling.working.first_use"
    ended = subprocess.run(
        [sys.executable, "-m", module, use, str(processes)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "", ended.stderr


def _decoders_made_late(tree: ast.Module) -> list[str]:
    """Calls of msgspec within functions that make a decoder for a type, openly or not."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    calls = [node for each in functions for node in ast.walk(each) if isinstance(node, ast.Call)]
    return [
        ast.unparse(call)
        for call in calls
        if ast.unparse(call.func).startswith("msgspec.")
        and (
            ast.unparse(call.func).endswith(".Decoder")
            or any(key.arg == "type" for key in call.keywords)
        )
    ]


def test_decoders_of_a_type_are_made_when_their_module_is_imported():
    modules = PACKAGE.rglob("*.py")
    late = {path.name: _decoders_made_late(ast.parse(path.read_text("utf-8"))) for path in modules}
    assert not {name: calls for name, calls in late.items() if calls}
