"""No output goes round the gates: whatever is printed, logged or shown in the web UI passes one.

Looked for in the code, since a text of a site may come to any of these places. What the gates do
is tested in `test_showing`, what comes through them in `cli.test_hostile_texts`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "catalog_pipeline"
MODULES = sorted(PACKAGE.rglob("*.py"))
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
A_LOG = re.compile(r"(?:.*[._])?log(?:ger)?")
LINES = ("as_line(", "as_lines(")
PRINTED = (*LINES, "json.dumps(", "reference(", "schema_text(")
"""What may be printed: gated texts, JSON in ASCII, and texts of the project's own."""
DIRECT = frozenset(
    {"sys.stdout.write", "sys.stderr.write", "click.echo", "click.secho", "Console",
     "traceback.print_exc", "traceback.print_exception", "pprint.pprint"}
)  # fmt: skip
GATED_MARKDOWN = ("markdown_preview(", "markdown_changes(", "as_markdown(")
MARKDOWN = frozenset({"dg.MetadataValue.md", "dg.MarkdownMetadataValue"})
LINKS = frozenset({"dg.MetadataValue.url", "dg.UrlMetadataValue"})
LINKS_THAT_ARE_MEANT = {
    "orchestration/checkpoints/metadata_values.py": "url",
    "orchestration/definitions/pages_asset.py": "catalogue.first_address",
}
DESCRIBED_BEFORE = {"orchestration/runs/page_checks.py": "last.description"}
"""What passed its gate when it was recorded, and is recorded again."""
GATES = frozenset({"cli/terminal.py"})
CSV = re.compile(r".*\b(?:csv\.(?:writer|DictWriter)|write_csv|CSVWriter|to_csv)")
HTML_GATE = "report/page.py"
"""The only place that says of a text that it is HTML: `as_html` gates all others there."""
CSV_GATE = "tables/exports/csv_file.py"
"""What writes CSV, and the only place that does: behind `as_cell`, unless asked not to."""


def problems_of(tree: ast.AST, module: str) -> Iterator[str]:
    """Calls that give somebody a text which has passed no gate."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name, first = ast.unparse(call.func), ast.unparse(call.args[0]) if call.args else ""
        problem = ""
        if name in DIRECT and module not in GATES:
            problem = "prints by itself"
        elif name == "print" and not first.startswith(PRINTED):
            problem = "prints what has passed no gate"
        elif first.startswith("json.dumps(") and "ensure_ascii" in first:
            problem = "prints JSON that is no ASCII"
        elif _is_log(call) and not all(map(_is_line, call.args)):
            problem = "logs what has passed no gate"
        elif name == "warnings.warn" and not _is_line(call.args[0]):
            problem = "warns of what has passed no gate"
        elif name == "dg.Failure" and not first.startswith(LINES):
            problem = "fails with what has passed no gate"
        elif name in MARKDOWN and not first.startswith(GATED_MARKDOWN):
            problem = "shows Markdown that has passed no gate"
        elif name in LINKS and LINKS_THAT_ARE_MEANT.get(module) != first:
            problem = "shows a link that nobody means"
        elif name.endswith("Markup") and module != HTML_GATE:
            problem = "takes for HTML what has passed no gate"
        elif CSV.fullmatch(name) and module != CSV_GATE:
            problem = "writes CSV that has passed no gate"
        elif name == "dg.AssetCheckResult":
            shown = [each.value for each in call.keywords if each.arg == "description"]
            shown = [each for each in shown if ast.unparse(each) != DESCRIBED_BEFORE.get(module)]
            if not all(map(_is_markdown, shown)):
                problem = "describes by what has passed no gate, and is taken for Markdown"
        if problem:
            yield f"{module}:{call.lineno} {problem}: {ast.unparse(call)[:100]}"


def _is_log(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LEVELS
        and A_LOG.fullmatch(ast.unparse(function.value)) is not None
    )


def _is_line(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) or ast.unparse(argument).startswith(LINES)


def _is_markdown(value: ast.expr) -> bool:
    if isinstance(value, ast.IfExp):
        return _is_markdown(value.body) and _is_markdown(value.orelse)
    return isinstance(value, ast.Constant) or ast.unparse(value).startswith(
        ("as_description(", "_first(")
    )


def test_no_output_goes_round_the_gates() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
    assert [
        problem
        for path, tree in trees.items()
        for problem in problems_of(tree, str(path.relative_to(PACKAGE)))
    ] == []


@pytest.mark.parametrize(
    "code",
    [
        "print(title)",
        "click.echo(title)",
        "sys.stdout.write(title)",
        "traceback.print_exc()",
        "print(json.dumps(rows, ensure_ascii=False))",
        "context.log.info(f'{title}')",
        "self._log.warning(failure.message)",
        "_logger.error('%s', error)",
        "warnings.warn(str(error))",
        "dg.Failure(str(error))",
        "dg.MetadataValue.md(title)",
        "dg.MetadataValue.url(found)",
        "csv.writer(file)",
        "Markup(title)",
        "pyarrow.csv.write_csv(table, path)",
        "frame.to_csv(path)",
        "dg.AssetCheckResult(passed=True, description=reasons[0])",
    ],
)
def test_what_goes_round_them_is_found(code: str) -> None:
    assert len(list(problems_of(ast.parse(code), "module.py"))) == 1
