"""Selectors taken apart: their beginnings, and what is left of them without one of their parts.

Texts only; nothing is matched here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PART = re.compile(r"\*|[\w-]+|#[\w-]+|\.[\w-]+|\[[^\]]*\]|::?[\w-]+(?:\((?:[^()]|\([^()]*\))*\))?")
_POSITION = re.compile(r":(?:nth-[\w-]+\([^)]*\)|(?:first|last|only)-(?:child|of-type))")
_XPATH_POSITION = re.compile(r"\[(?:[0-9]+|last\(\)|position\(\)[^\]]*)\]")
_OPENING, _CLOSING = "([", ")]"


@dataclass(frozen=True)
class Step:
    """One step of a selector, with what stands between it and the step before."""

    joint: str
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The tag, classes and conditions of a step in CSS."""
        return tuple(match[0] for match in _PART.finditer(self.text))


def alternatives(text: str, *, is_css: bool) -> list[str]:
    """The selectors of a list that is parted by commas (CSS) or `|` (XPath)."""
    return [part.strip() for part, _ in _pieces(text, "," if is_css else "|") if part.strip()]


def steps(text: str, *, is_css: bool) -> tuple[Step, ...]:
    """The steps of one selector; texts of all steps, each after its joint, are the selector."""
    found: list[Step] = []
    joint = ""
    for piece, behind in _pieces(text, " >+~\t\n" if is_css else "/"):
        if piece:
            found.append(Step(joint, piece))
            joint = ""
        joint += behind
    return tuple(
        Step(" " if is_css and step.joint and not step.joint.strip() else step.joint, step.text)
        for step in found
    )


def joined(parts: tuple[Step, ...]) -> str:
    """The selector of these steps."""
    return "".join(step.joint + step.text for step in parts).strip()


def without_step(parts: tuple[Step, ...], tag: str) -> str | None:
    """The selector without its steps that are that tag alone; None if it has none such."""
    kept = tuple(step for step in parts if not re.fullmatch(rf"{tag}(\[[0-9]+\])?", step.text))
    return joined(kept) if kept and len(kept) < len(parts) else None


def without_positions(text: str, *, is_css: bool) -> str | None:
    """The selector without places such as `:nth-child(3)` and `[2]`; None if it has none."""
    bare = (_POSITION if is_css else _XPATH_POSITION).sub("", text)
    return bare if bare != text and bare.strip() else None


def _pieces(text: str, separators: str) -> Iterator[tuple[str, str]]:
    """The text cut at the separators that stand in no brackets and quotes, each with its cut."""
    depth, quote, start = 0, "", 0
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif depth == 0 and character in separators:
            yield text[start:place], character
            start = place + 1
    yield text[start:], ""
