"""YAML as it is written: every scalar is its text, and the line of each key is known.

YAML 1.1 makes `NO` false, `0150` 104, `12:30` 750; which of them a text stands for is not known
here, so no scalar is made anything but the text that the file has. What it stands for where a
number or a truth value is wanted is decided in `scalars`. Which keys a catalogue has is not known
here either.
"""

from __future__ import annotations

import stat
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.nothing import Nothing

MAX_BYTES = 4 << 20
"""Of one file; whoever lists catalogues reads all of them."""
MAX_VALUES = 100_000
"""Values that one file may stand for, each alias counted as what it names."""
_TEXTS_KEPT = 128
"""How many texts are not composed anew when they are read again."""
_MERGE = "<<"
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "map", "seq")
)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True)
class Document:
    """One document of a file: its values as written, and what is wrong with its YAML.

    `lines` has the line, from 1, of each key and item by its path from the top.
    """

    value: Any
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    def line_of(self, path: tuple[str, ...]) -> int:
        """The line of the path, or of the deepest part of it that the document has."""
        # A key may hold dots: what counts is the text of the whole path.
        wanted = ".".join(path)
        within = [each for each in self.lines if _is_at_or_above(".".join(each), wanted)]
        return self.lines[max(within, key=len)] if within else 1


def _is_at_or_above(place: str, wanted: str) -> bool:
    return not place or place == wanted or wanted.startswith(f"{place}.")


def text_of(path: Path, errors: str = "strict") -> str:
    """The text of a file of components; `errors` is what to do about bytes that are none.

    Raises:
        OSError: it cannot be read, is larger than a YAML is, or nothing that is read to an end.
        UnicodeError: it is no text.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is no file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(f"it has more than {MAX_BYTES >> 20} MiB")
    return content.decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")


def read_documents(text: str) -> list[Document]:
    """The documents of a YAML text that hold anything.

    Raises:
        yaml.YAMLError: the text is no YAML.
        RecursionError: it is nested too deeply.
    """
    return [_Reader().document(node) for node in _nodes(text) if node is not None]


@lru_cache(maxsize=_TEXTS_KEPT)
def _nodes(text: str) -> tuple[yaml.Node | None, ...]:
    """What a text is composed of, which nobody changes; a file is read several times in a row."""
    return tuple(yaml.compose_all(text, Loader=yaml.SafeLoader))


class _Reader:
    """Turns the nodes of one document into values."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        self._mistakes: list[Mistake] = []
        self._within: set[int] = set()
        self._count = 0

    def document(self, node: yaml.Node) -> Document:
        self._lines[()] = _line(node)
        value = self._value(node, ())
        if self._count > MAX_VALUES:
            value = None
            problem = f"with its aliases it stands for more than {MAX_VALUES:,} values"
            self._mistakes.append(Mistake("", problem, line=_line(node)))
        return Document(value, self._lines, tuple(self._mistakes))

    def _value(self, node: yaml.Node, path: tuple[str, ...]) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            return None
        if node.tag not in _PLAIN_TAGS:
            name = node.tag.replace("tag:yaml.org,2002:", "!!")
            problem = "quote it: a lone = is no value" if name == "!!value" else "a tag is no value"
            self._report(path, f"{problem} ({name})", node)
        if isinstance(node, yaml.ScalarNode):
            is_nothing = node.style is None and node.value in _NULLS
            return Nothing(node.value) if is_nothing else node.value
        if id(node) in self._within:
            self._report(path, "the alias names what it stands in", node)
            return None
        self._within.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return self._list(node, path)
            return self._mapping(node, path)
        finally:
            self._within.discard(id(node))

    def _list(self, node: yaml.SequenceNode, path: tuple[str, ...]) -> list[Any]:
        values = []
        for index, item in enumerate(node.value):
            place = (*path, str(index))
            self._lines.setdefault(place, _line(item))
            values.append(self._value(item, place))
        return values

    def _mapping(self, node: yaml.Node, path: tuple[str, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        seen: dict[Hashable, int] = {}
        merged: list[yaml.Node] = []
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._report(path, "a list or a mapping is no key", key)
                continue
            place = (*path, key.value)
            if key.value in seen:
                self._report(place, f"it is there twice, in lines {seen[key.value]} and {{}}", key)
                continue
            seen[key.value] = _line(key)
            if key.value == _MERGE and key.style is None:
                merged.append(item)
                continue
            self._lines[place] = _line(key)
            values[key.value] = self._value(item, place)
        for item in merged:
            for source in self._merge_sources(item, path):
                values = {**source, **values}
        return values

    def _merge_sources(self, node: yaml.Node, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """The mappings that `<<` names; the first of them that has a key gives it."""
        value = self._value(node, path)
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                yield source
            else:
                self._report(path, "<< takes a mapping, or a list of mappings", node)

    def _report(self, path: tuple[str, ...], problem: str, node: yaml.Node) -> None:
        line = _line(node)
        key = ".".join(path[1:] if path[:1] == ("attributes",) and len(path) > 1 else path)
        self._mistakes.append(Mistake(key, problem.replace("{}", str(line)), line=line))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
