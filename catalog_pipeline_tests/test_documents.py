"""The documents as a reader has them: of one title each, with links that lead somewhere."""

import itertools
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def tokens(page: Path) -> list[Token]:
    """What a page is made of."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def headings(page: Path) -> list[tuple[str, str]]:
    """The level and the text of each heading, a line of a code block being none."""
    found = tokens(page)
    pairs = itertools.pairwise(found)
    return [(this.tag, after.content) for this, after in pairs if this.type == "heading_open"]


def anchors(page: Path) -> set[str]:
    """By what a link names each heading."""
    texts = (re.sub(r"[^\w\- ]", "", text.lower()) for _, text in headings(page))
    return {text.replace(" ", "-") for text in texts}


def links(page: Path) -> list[str]:
    """Where the links of a page lead that stay within the project."""
    children = (child for token in tokens(page) for child in token.children or ())
    targets = (child.attrGet("href") or child.attrGet("src") for child in children)
    return [str(each) for each in targets if each and "://" not in str(each)]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_one_title_and_comes_to_its_end_outside_of_code(name: str) -> None:
    page = ROOT / name
    assert [level for level, _ in headings(page)].count("h1") == 1
    assert page.read_text(encoding="utf-8").count("\n```") % 2 == 0


@pytest.mark.parametrize("name", NAMES)
def test_each_link_leads_to_a_file_and_to_a_heading_of_it(name: str) -> None:
    page = ROOT / name
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
