"""The gates: hostile texts become harmless, and harmless ones stay as they are."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt

from catalog_pipeline.showing import (
    as_cell,
    as_description,
    as_html,
    as_line,
    as_lines,
    as_markdown,
    from_description,
)
from catalog_pipeline_tests.hostile_texts import (
    FORBIDDEN_ON_TERMINALS,
    FORMULAS,
    HOSTILE,
    NO_FORMULAS,
)

HARMLESS = [
    "Café № 7",
    "50 % off, 4 m², £5 or €6",
    "日本語の名前",
    "שלום עולם",
    "👩‍👩‍👧 family",
    "नमस्ते",
    "a\u00a0b",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_reaches_a_terminal_but_what_can_be_seen(name: str) -> None:
    assert not FORBIDDEN_ON_TERMINALS & set(as_line(HOSTILE[name]))
    assert not (FORBIDDEN_ON_TERMINALS - {"\n"}) & set(as_lines(HOSTILE[name]))


def test_no_character_at_all_reaches_a_terminal_that_moves_or_hides_others() -> None:
    seen = as_line("".join(map(chr, range(0x110000))))
    assert not FORBIDDEN_ON_TERMINALS & set(seen)
    assert seen.encode()


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert as_line(text) == text


def test_what_was_hidden_can_be_read() -> None:
    assert as_line("A\x1b[2J\u202eB\n") == r"A\x1b[2J\u202eB\n"
    assert as_lines("A\nB\x1b") == "A\nB\\x1b"


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_shows_a_text_as_text(name: str) -> None:
    parser = MarkdownIt("gfm-like", {"linkify": True})
    table = f"| a | b |\n| --- | --- |\n| {as_markdown(HOSTILE[name])} | last |"
    tokens = parser.parse(table)
    cells = [
        tokens[place + 1]
        for place, token in enumerate(tokens)
        if token.type in ("td_open", "th_open")
    ]
    assert len(cells) == 4
    assert cells[-1].content == "last"
    shown = cells[2].children or []
    assert {token.type for token in shown} <= {"text", "text_special", "code_inline"}
    text = "".join(token.content for token in shown).strip()
    assert text == as_line(HOSTILE[name]).replace("|", "¦" if "¦" in text else "|").strip()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_sentence_with_a_text_of_a_site_in_it_is_no_markdown(name: str) -> None:
    address = "page 2 http://shop.example/p?page=2: "
    for sentence in (f"{address}no price (found: {HOSTILE[name]!r})", HOSTILE[name]):
        parser = MarkdownIt("gfm-like", {"linkify": True})
        tokens = [
            each
            for token in parser.parse(as_description(sentence))
            for each in [token, *(token.children or [])]
        ]
        links = [token.attrs["href"] for token in tokens if token.type == "link_open"]
        assert set(links) <= {address[7:-1]}
        kinds = {token.type for token in tokens} - {"link_open", "link_close"}
        assert kinds <= {
            "paragraph_open",
            "inline",
            "paragraph_close",
            "text",
            "text_special",
            "code_inline",
        }
        assert not FORBIDDEN_ON_TERMINALS & set(as_description(sentence))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_description_gives_its_text_back(name: str) -> None:
    text = as_line(HOSTILE[name])
    for sentence in (text, f"{text}: 49.78% of price_currency * <b>", f"www. {text} `x``y` @z"):
        told = from_description(as_description(sentence))
        assert told.replace("\u00a6", "|") == sentence.replace("\u00a6", "|")


@pytest.mark.parametrize(
    "sentence",
    [
        "page 2 http://127.0.0.1:80/products?page=2: the server answered 404",
        "3 pages are in a run that has not ended, or not begun, yet",
    ],
)
def test_a_sentence_of_ours_stays_as_it_is(sentence: str) -> None:
    assert as_description(sentence) == sentence


@pytest.mark.parametrize("name", HOSTILE)
def test_html_shows_a_text_as_text(name: str) -> None:
    shown = as_html(HOSTILE[name])
    assert not set("<>\"'") & set(shown)
    assert not FORBIDDEN_ON_TERMINALS & set(shown)
    assert html.unescape(shown) == as_line(HOSTILE[name])


@pytest.mark.parametrize("text", ["plain", "Café 7"])
def test_plain_words_need_no_escapes(text: str) -> None:
    assert as_markdown(text) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_a_formula_wherever_a_spreadsheet_cuts(text: str) -> None:
    shown = as_cell(text)
    assert shown.replace("'", "") == text
    for cell in re.split(r"[;\t\r\n]", shown):
        seen = "".join(filter(str.isprintable, cell)).strip()
        assert not seen.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20\u2212"))


@pytest.mark.parametrize("text", [*NO_FORMULAS, *HARMLESS])
def test_a_cell_without_a_formula_stays_as_it_is(text: str) -> None:
    assert as_cell(text) == text
