"""What a check of a table comes to: a value for whoever shows it, or heeds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verdict:
    """What one check comes to.

    `told` says it in a sentence; `seen` and `allowed` are numbers or texts by name. A demanded one
    is written in the YAML, and may keep a table from being replaced; the others only warn. One that
    `always_keeps_old_table` does so whatever `on_failure` says.
    """

    name: str
    passed: bool
    told: str
    seen: Mapping[str, object] = field(default_factory=dict)
    allowed: Mapping[str, object] = field(default_factory=dict)
    examples: Sequence[Mapping[str, str]] = ()
    is_demanded: bool = True
    always_keeps_old_table: bool = False
