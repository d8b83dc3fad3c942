"""Texts of a site that would fool or rule a terminal: every command shows them as text."""

from __future__ import annotations

import ast
import html
from collections.abc import Iterator
from pathlib import Path

import pytest

import catalog_pipeline.cli
from catalog_pipeline.cli.terminal import GuardedConsole
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.hostile_texts import FORBIDDEN_ON_TERMINALS, HOSTILE
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import WrittenSite, listing, written_site

FORBIDDEN = FORBIDDEN_ON_TERMINALS - {"\n"}


@pytest.fixture
def hostile(site: Site) -> Iterator[WrittenSite]:
    """A site whose names, prices and titles are hostile: a good page, one whose prices are none."""
    texts = [html.escape(text.replace("\x00", "")) for text in HOSTILE.values()]
    with written_site() as made:
        titles = "".join(f"<title>{text}</title>" for text in texts)
        made.write({1: titles + listing(1, *texts), 2: titles + listing(2, texts[0])})
        made.write({page: titles + listing(page, text) for page, text in enumerate(texts, start=3)})
        made.describe(site, {"name": {"select": "i"}})
        yield made


@pytest.mark.processes
def test_what_commands_show_of_a_site_is_text(hostile: WrittenSite, site: Site, run: Run) -> None:
    price = {"price": {"select": "i", "type": "money", "currency": "EUR"}}
    answers = [run("try", NAME), run("run", NAME), run("status", NAME)]
    assert answers[1].code == 0
    hostile.describe(site, price)
    answers += [
        run("try", NAME),
        run("try", NAME, "--json"),
        run("run", NAME, "--refresh"),
        run("run", NAME, "--json"),
        run("status", NAME, "--failed"),
        run("status", NAME, "--failed", "--json"),
    ]
    for answer in answers:
        assert not FORBIDDEN & set(answer.out + answer.err)
    shown = "".join(answer.out + answer.err for answer in answers)
    for visible in (r"\x1b[2J", r"\u202e", ":bomb:", "[bold red]A[/bold red]"):
        assert visible in shown
    assert not [line for line in shown.split("\n") if line.startswith("ERROR")]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_console_lets_nothing_through_even_in_colours(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    console = GuardedConsole(force_terminal=True, width=1000, highlight=False)
    console.print(HOSTILE[name], style="red", markup=False)
    out = capsys.readouterr().out
    allowed = out.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert not FORBIDDEN & set(allowed)


def test_commands_print_through_the_gate_alone() -> None:
    folder = Path(catalog_pipeline.cli.__file__).parent
    harmless = ("json.dumps(", "as_line(", "reference(", "schema_text(")
    for path in sorted(set(folder.glob("*.py")) - {folder / "terminal.py"}):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            assert name not in ("Console", "click.echo", "click.secho", "sys.stdout.write"), path
            if name == "print":
                assert ast.unparse(node.args[0]).startswith(harmless), path
