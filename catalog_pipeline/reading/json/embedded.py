"""JSON in the scripts of an HTML page: whole scripts, JSON-LD, and what a script assigns."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from catalog_pipeline.catalogue.page_format import Records
from catalog_pipeline.errors import NoProductError, ParseError
from catalog_pipeline.reading.html.matching import elements_of
from catalog_pipeline.reading.html.page_kind import embedded_json
from catalog_pipeline.reading.html.selectors import Selector
from catalog_pipeline.reading.json.document import is_same, parse_json, value_and_end

_ASSIGNMENT = re.compile(r"([A-Za-z_$][\w$.\[\]\"']*)\s*=\s*(?=[{\[])")
_TOKEN = re.compile(
    r"(?P<comment>/\*(?:.*?\*/|.*)|//[^\n]*|<!--[^\n]*)"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
    r"|(?:^|[-=(,:;!&|?{}\[+~^%*<>]|\b(?:return|typeof|case))\s*"
    r"/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/",
    re.DOTALL,
)
"""What of JavaScript is a comment, and the texts and expressions in which nothing is one."""
_UNSURE = re.compile(r"[\"'`/]")
"""Where one of these stands outside of tokens, it was not understood which they are."""
_GOES_ON = re.compile(
    r"\s*(?:/\*.*?\*/\s*|//[^\n]*\n\s*)*"
    r"(?P<rest>(?!-->|<!--|\|\||\?\?)[-.(\[?+*%&|^=<>]|/(?![/*])|(?:in|instanceof)\b)",
    re.DOTALL,
)
"""An expression of which JSON is only the beginning: `{} || x` is `{}`, whatever x is."""
_SHOWN = 40


def documents_in(
    root: etree._Element, selector: Selector, records: Records, catalogue: str
) -> list[Any]:
    """The JSON of all scripts that are selected, in the order of the page.

    Raises:
        NoProductError: there is no such script, or none that assigns what is asked for.
        ParseError: what a script holds is no JSON.
    """
    scripts = elements_of(selector.compiled()(root), catalogue, "records.script")
    found = [
        value
        for script in scripts
        for value in _values(script.text or "", records.assigned, selector.text)
    ]
    if not found:
        there = ", ".join(embedded_json(root))
        hint = f"; there is JSON in {there}" if there else ""
        what = f"nothing is assigned to {records.assigned} in" if scripts else "there is no script"
        error = NoProductError(f"no product on the page: {what} {selector.text}{hint}")
        error.looks_like = "it has not the script that the listing's pages have"
        raise error
    return found


def _assigned(text: str, name: str, what: str) -> list[Any]:
    """What is assigned to a name: of several times the one that is JSON, and not empty."""
    found: list[Any] = []
    failures: list[ParseError] = []
    comments = _comments(text)
    for match in re.finditer(rf"(?<![\w$.]){re.escape(name)}\s*=(?!=)\s*", text):
        if any(start < match.start() < end for start, end in comments):
            continue
        try:
            value, end = value_and_end(text, match.end(), what)
            if rest := _GOES_ON.match(text, end):
                shown = " ".join(text[rest.start("rest") :].split())[:_SHOWN]
                raise ParseError(f"{what} is computed, and no JSON: it goes on with {shown}")
            found.append(value)
        except ParseError as error:
            failures.append(error)
    if failures and not found:
        raise failures[0]
    full = [value for value in found if value] or found[:1]
    if not all(is_same(value, full[0]) for value in full):
        raise ParseError(f"{what} differs: it is assigned {len(full)} times, not always the same")
    return full[:1]


def _comments(text: str) -> list[tuple[int, int]]:
    """Where comments begin and end; none from where on it is not sure what is one."""
    found, at = list[tuple[int, int]](), 0
    for match in _TOKEN.finditer(text):
        if _UNSURE.search(text, at, match.start()):
            break
        at = match.end()
        if match["comment"] is not None:
            found.append(match.span())
    return found


def _values(text: str, assigned: str | None, where: str) -> list[Any]:
    bare = text.strip().removeprefix("<!--").removesuffix("-->").strip()
    if assigned is not None:
        return _assigned(text, assigned, f"what the script {where} assigns to {assigned}")
    if not bare:
        return []
    names = [] if bare[0] in "{[" else [found[1] for found in _ASSIGNMENT.finditer(bare)]
    hint = f" (it assigns {', '.join(names[:5])}; name one in `assigned`)" if names else ""
    return [parse_json(bare, f"the script {where}{hint}")]
