"""Texts of a site that would fool or rule a terminal: every command shows them as text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pytest
from dagster import serialize_value
from markdown_it import MarkdownIt

from catalog_pipeline.cli.terminal import GuardedConsole
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.hostile_texts import FORBIDDEN_ON_TERMINALS, HOSTILE
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import Answer, WrittenSite, listing, written_site

FORBIDDEN = FORBIDDEN_ON_TERMINALS - {"\n"}
PARSER = MarkdownIt("gfm-like", {"linkify": True})


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


@pytest.mark.processes
def test_what_stands_in_the_event_log_of_a_site_is_text(
    hostile: WrittenSite, site: Site, run: Run
) -> None:
    """Every text of every event: metadata, logs, descriptions of checks, failures, tags."""
    for number, text in enumerate(HOSTILE.values(), start=3):
        hostile.answers[f"/products?page={number}"] = _answered(hostile, number, text)
    assert run("run", NAME).code == 1
    hostile.describe(site, {"price": {"select": "i", "type": "money", "currency": "EUR"}})
    run("run", NAME, "--refresh")
    texts, markdown = list[str](), list[str]()
    own_page = re.escape(f"{hostile.url}/products?page=") + r"\d+:?"
    with open_instance() as instance:
        for dagster_run in instance.get_runs():
            texts += [part for pair in dagster_run.tags.items() for part in pair]
            for event in instance.all_logs(dagster_run.run_id):
                texts += event.user_message.split("\n")
                _collect(serialize_value(event), texts, markdown)
    assert len(texts) > 500
    assert len(markdown) >= 4
    assert not [text for text in texts if FORBIDDEN & set(text)]
    assert not [text for text in texts if text.startswith("ERROR")]
    for text in markdown:
        parts = [part for token in PARSER.parse(text) for part in token.children or []]
        assert not {part.type for part in parts} & {
            "image",
            "html_inline",
            "strong_open",
            "em_open",
        }
        links = {str(part.attrs["href"]) for part in parts if part.type == "link_open"}
        assert all(re.fullmatch(own_page, link) for link in links)


def _answered(made: WrittenSite, number: int, text: str) -> Answer:
    """A page whose headers are hostile, or that leads to a hostile address."""
    shown = "".join(each for each in text if each not in "\r\n" and ord(each) < 256)
    headers = {"ETag": f'"{shown}"', "Content-Type": f"text/html; x={shown}; charset=utf-8"}
    if number % 3 == 0:
        return lambda asked: (302, {"Location": f"/products?page=1&x={shown}"}, "")
    return lambda asked: (200, headers, made.bodies[f"/products?page={number}"])


def _collect(serialized: str, texts: list[str], markdown: list[str]) -> None:
    """All texts of an event, and those that the web UI takes for Markdown."""
    waiting = [json.loads(serialized)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            is_check = value.get("__class__") == "AssetCheckEvaluation"
            described = value.get("description") if is_check else None
            markdown += [text for text in (value.get("md_str"), described) if text]
            waiting += value.values()
        elif isinstance(value, str):
            texts += value.split("\n")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_console_lets_nothing_through_even_in_colours(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    console = GuardedConsole(force_terminal=True, width=1000, highlight=False)
    console.print(HOSTILE[name], style="red", markup=False)
    out = capsys.readouterr().out
    allowed = out.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert not FORBIDDEN & set(allowed)
