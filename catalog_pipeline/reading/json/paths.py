"""JMESPaths: compiled, asked, and explained where they find nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.json.functions import WrittenFunctions

_MOST_KEYS = 8
_OPTIONS = jmespath.Options(custom_functions=WrittenFunctions())


@dataclass(frozen=True)
class Path:
    """A path as the YAML has it, compiled."""

    text: str
    compiled: Any

    def search(self, value: object) -> Any:
        """What the path gives of a value; None if it gives nothing.

        Raises:
            ParseError: a function of the path cannot do with what it is given.
        """
        try:
            return self.compiled.search(value, _OPTIONS)
        except (JMESPathError, RecursionError) as error:
            message = " ".join(str(error).split())
            raise ParseError(f"the path {self.text} cannot be followed: {message}") from error


def path_of(catalogue: str, key: str, text: str) -> Path:
    """Compile a path; `key` is its place in the YAML.

    Raises:
        CatalogueError: it is no JMESPath.
    """
    try:
        return Path(text, jmespath.compile(text))
    except (JMESPathError, RecursionError) as error:
        problem = f"{text} is no JMESPath: {' '.join(str(error).split())}"
        raise CatalogueError(catalogue, key, problem, "a JMESPath such as data.products") from error


def why_nothing(path: Path, value: object) -> str:
    """How far a path gets in a value, and what is there instead."""
    steps = re.findall(r'"[^"]+"|[^."\[\]]+|\[[^\]]*\]', path.text)
    at, reached = value, ""
    for step in steps:
        beginning = (
            f"{reached}{step}" if step.startswith("[") or not reached else f"{reached}.{step}"
        )
        try:
            found = jmespath.search(beginning, value, _OPTIONS)
        except JMESPathError:
            break
        if found is None and isinstance(at, dict) and step.strip('"') in at:
            return f"{path.text} finds nothing: {beginning} is null"
        if found is None or found == []:
            where = f"in {reached}" if reached else "at the top"
            return f"{path.text} finds nothing: there is no {step} {where}; there is {what_is(at)}"
        at, reached = found, beginning
    return f"{path.text} finds nothing in {what_is(value)}"


def what_is(value: object) -> str:
    """What kind of value it is, in a few words."""
    if isinstance(value, dict):
        keys = ", ".join(list(value)[:_MOST_KEYS])
        more = ", …" if len(value) > _MOST_KEYS else ""
        return f"an object with {keys}{more}" if value else "an empty object"
    if isinstance(value, list):
        if not value:
            return "a list of 0"
        first = value[0]
        # Lists may lie in each other thousands deep.
        told = f"a list of {len(first)}" if isinstance(first, list) else what_is(first)
        return f"a list of {len(value)}, the first {told}"
    if value is None:
        return "null"
    return f"the {'text' if isinstance(value, str) else 'value'} {str(value)[:40]!r}"
