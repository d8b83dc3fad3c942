"""The docstrings of a model's attributes, read from its source when somebody asks for a schema.

Pydantic would read them whenever the model is imported, which takes as long as the rest of a
short command. What a key means is written beside it in the models; nothing is described here.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import pairwise


@cache
def attribute_docstrings(model: type) -> dict[str, str]:
    """The text below each attribute that has one, of the class and of what it inherits."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base.__module__.startswith("catalog_pipeline."):
            found.update(_of_class(base))
    return found


def _of_class(model: type) -> Iterator[tuple[str, str]]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for attribute, text in pairwise(body):
        if (
            isinstance(attribute, ast.AnnAssign)
            and isinstance(attribute.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield attribute.target.id, inspect.cleandoc(text.value.value)
