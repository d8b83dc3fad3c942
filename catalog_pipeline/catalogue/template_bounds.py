"""What a template of a YAML may hold, so that filling it in takes next to no time and memory.

Jinja is a language in which `{{ 'a' * 10**10 }}` fills the memory of whoever loads the YAML. Values
of YAML need names, choices between them, and texts put together: what each of these gives is no
longer than what goes in. All else is refused before anything is filled in. What a project's own
functions do is the project's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import nodes

_PLAIN = frozenset({
    "Template", "Output", "TemplateData", "Name", "Const", "List", "Tuple", "Dict", "Pair",
    "Keyword", "CondExpr", "If", "Compare", "Operand", "And", "Or", "Not", "Concat", "Add", "Sub",
    "Div", "FloorDiv", "Neg", "Pos", "Getattr", "Getitem", "Slice", "Test",
})  # fmt: skip
"""Nodes that give no more than what they are given."""
_FILTERS = frozenset({
    "abs", "capitalize", "count", "d", "default", "first", "float", "int", "last", "length",
    "lower", "replace", "round", "string", "title", "trim", "upper", "urlencode",
})  # fmt: skip
_METHODS = frozenset({
    "capitalize", "endswith", "lower", "lstrip", "removeprefix", "removesuffix", "rstrip", "split",
    "startswith", "strip", "title", "upper",
})  # fmt: skip
"""What may be called of any text."""
_GROWING = frozenset({
    "center", "expandtabs", "format", "format_map", "join", "ljust", "replace", "rjust",
    "translate", "zfill",
})  # fmt: skip
"""What may not be called of a project's own variable either, as it may be a text."""
_NUMBERS = frozenset({"abs", "count", "float", "int", "length", "round"})
_SIGNS = {"Pow": "**", "Mod": "%", "Mul": "* of what may be no number (name|int is one)"}
_STATEMENTS = {
    "Assign": "set",
    "AssignBlock": "set",
    "CallBlock": "call",
    "FilterBlock": "filter",
    "Scope": "autoescape",
}


def check_bounds(template: nodes.Template) -> None:
    """Look at everything that a template does.

    Raises:
        ValueError: it holds something of which time or memory cannot be told beforehand.
    """
    waiting: list[nodes.Node] = [template]
    while waiting:
        node = waiting.pop()
        for what in _excessive(node):
            raise ValueError(
                f"{what} has no place in a template, since what it gives may fill the memory; "
                f"a template takes names, texts, numbers, ~, + and if"
            )
        waiting.extend(node.iter_child_nodes())


def _excessive(node: nodes.Node) -> Iterator[str]:
    from jinja2 import nodes

    kind = type(node).__name__
    if isinstance(node, nodes.Filter):
        yield from _of_filter(node)
    elif isinstance(node, nodes.Call):
        yield from _of_call(node)
    elif isinstance(node, nodes.Mul):
        if not (_is_number(node.left) and _is_number(node.right)):
            yield _SIGNS[kind]
    elif kind not in _PLAIN:
        yield _SIGNS.get(kind) or f"{{% {_STATEMENTS.get(kind, kind.lower())} %}}"


def _of_filter(node: nodes.Filter) -> Iterator[str]:
    from jinja2 import nodes

    if node.name not in _FILTERS:
        yield f"the filter {node.name}"
    elif node.name == "replace":
        texts = [arg.value for arg in node.args[:2] if isinstance(arg, nodes.Const)]
        old, new = (str(text) for text in texts) if len(texts) == 2 else ("", "")
        if not old or len(new) > len(old):
            yield "the filter replace with a text that is longer than what it replaces"


def _of_call(node: nodes.Call) -> Iterator[str]:
    from jinja2 import nodes
    from jinja2.defaults import DEFAULT_NAMESPACE

    called, root = node.node, _root(node.node)
    if isinstance(called, nodes.Name):
        if called.name in DEFAULT_NAMESPACE:
            yield f"{called.name}()"
        return
    name = _name_of(called)
    if name in _METHODS:
        return
    if name in _GROWING:
        yield f".{name}()"
    elif name is None or not isinstance(root, nodes.Name) or root.name == "env":
        yield "a call of this kind"


def _name_of(called: nodes.Node) -> str | None:
    """The attribute or item that is called, if it stands there."""
    from jinja2 import nodes

    if isinstance(called, nodes.Getattr):
        return called.attr
    if isinstance(called, nodes.Getitem) and isinstance(called.arg, nodes.Const):
        return str(called.arg.value)
    return None


def _root(node: nodes.Node) -> nodes.Node:
    """What an attribute, an item or a call is of, in the end."""
    from jinja2 import nodes

    while isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Call):
        node = node.node
    return node


def _is_number(node: nodes.Node) -> bool:
    """Whether it gives a number, whatever its parts are."""
    from jinja2 import nodes

    if isinstance(node, nodes.Filter):
        return node.name in _NUMBERS
    if isinstance(node, nodes.Const):
        return isinstance(node.value, int | float)
    if isinstance(node, nodes.Neg | nodes.Pos):
        return _is_number(node.node)
    if isinstance(node, nodes.Add | nodes.Sub | nodes.Mul | nodes.Div | nodes.FloorDiv):
        return _is_number(node.left) and _is_number(node.right)
    return False
