"""CSS and XPath selectors, checked and compiled.

A selector of a field is relative to the product: CSS matches what is inside it (`:scope` and `.`
are the product itself), XPath starts at it. XPath's own functions are all there are; there is none
that reads files or the network. What to do with a match does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cssselect
from lxml import etree

from catalog_pipeline.errors import CatalogueError

Match: TypeAlias = "etree._Element | str"
Evaluator: TypeAlias = Callable[["etree._Element"], object]

_XPATH_PREFIX = "xpath:"
_ITSELF = "self::*"
_SCOPE = "descendant::*[position() = 1]"
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALL = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)\s*\(")
_NAMES_BEFORE_PARENTHESES = frozenset(
    [
        "last",
        "position",
        "count",
        "id",
        "local-name",
        "namespace-uri",
        "name",
        "string",
        "concat",
        "starts-with",
        "contains",
        "substring-before",
        "substring-after",
        "substring",
        "string-length",
        "normalize-space",
        "translate",
        "boolean",
        "not",
        "true",
        "false",
        "lang",
        "number",
        "sum",
        "floor",
        "ceiling",
        "round",
        "text",
        "node",
        "comment",
        "processing-instruction",
        "and",
        "or",
        "div",
        "mod",
    ]
)


@dataclass(frozen=True)
class Selector:
    """A selector as the YAML has it and as XPath."""

    text: str
    xpath: str
    is_css: bool = False

    def compiled(self) -> Evaluator:
        """Something to call with an element; one for each thread, as it locks while it works."""
        if self.xpath == _ITSELF:
            return lambda element: [element]
        return compiled_xpath(self.xpath)


def compiled_xpath(expression: str) -> Evaluator:
    evaluator: Evaluator = etree.XPath(expression, smart_strings=False)
    return evaluator


def field_selector(catalogue: str, key: str, text: str) -> Selector:
    """A selector that is relative to a product; `key` is its place in the YAML.

    Raises:
        CatalogueError: it cannot be used.
    """
    stripped = text.strip()
    if stripped.startswith("//"):
        raise CatalogueError(
            catalogue,
            key,
            f"{stripped} searches the whole page and not the product",
            f".{stripped} for the product, xpath:/descendant::... for the whole page",
        )
    if stripped == ".":
        return Selector(stripped, _ITSELF)
    return _selector(catalogue, key, stripped, "descendant::")


def page_selector(catalogue: str, key: str, text: str) -> Selector:
    """A selector that is relative to the whole page, such as the one of the products."""
    return _selector(catalogue, key, text.strip(), "descendant-or-self::")


def _selector(catalogue: str, key: str, text: str, prefix: str) -> Selector:
    is_xpath = text.startswith(("/", "./", "(", _XPATH_PREFIX))
    try:
        if is_xpath:
            selector = Selector(text, text.removeprefix(_XPATH_PREFIX).strip())
        else:
            selector = Selector(text, " | ".join(_css_paths(text, prefix)), is_css=True)
        _check_calls(selector.xpath)
        selector.compiled()(etree.Element("html"))
    except (cssselect.SelectorError, etree.XPathError, ValueError, RecursionError) as error:
        language = "XPath" if is_xpath else "CSS"
        raise CatalogueError(
            catalogue,
            key,
            f"{text} is no selector: {str(error).rstrip('.')}",
            f"a {language} selector",
        ) from error
    return selector


def _css_paths(text: str, prefix: str) -> list[str]:
    paths = []
    for part in cssselect.parse(text):
        if part.pseudo_element is not None:
            raise ValueError(
                f"it ends in a pseudo-element; use `attribute` or leave ::{_name(part)}"
            )
        path = cssselect.HTMLTranslator().selector_to_xpath(part, prefix=prefix)
        if text.startswith(":scope") and path.startswith(_SCOPE):
            path = "self::*" + path.removeprefix(_SCOPE)
        paths.append(path)
    return paths


def _name(part: cssselect.parser.Selector) -> str:
    element = part.pseudo_element
    return element if isinstance(element, str) else element.name  # type: ignore[union-attr]


def _check_calls(xpath: str) -> None:
    """Find unknown functions now and not on the first page on which they would be called."""
    for call in _CALL.finditer(_LITERAL.sub("''", xpath)):
        if call[1] not in _NAMES_BEFORE_PARENTHESES:
            raise ValueError(f"XPath has no function {call[1]}()")
